#include "data/testbed/signatures.h"

#include <deque>
#include <stdexcept>

namespace airlock::testbed {

namespace {

constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr int kAlphabetSize = sizeof(kAlphabet) - 1;
constexpr int kMinSignatureBytes = 8;
constexpr int kMaxSignatureBytes = 16;
constexpr size_t kBytesPerPrefix = 64;

std::string RandomText(RandomStream* stream, size_t bytes) {
  std::string text(bytes, ' ');
  for (char& c : text) c = kAlphabet[stream->Below(kAlphabetSize)];
  return text;
}

const std::string& RandomSignature(RandomStream* stream,
                                   const SignatureSet& signatures) {
  const auto& group = signatures.groups[stream->Below(
      static_cast<uint32_t>(signatures.groups.size()))];
  return group[stream->Below(static_cast<uint32_t>(group.size()))];
}

}  // namespace

SignatureSet MakeSignatures(uint64_t seed, int groups, int per_group) {
  RandomStream stream(seed, 1);
  SignatureSet set;
  set.groups.resize(groups);
  for (auto& group : set.groups) {
    for (int i = 0; i < per_group; ++i) {
      const int bytes =
          kMinSignatureBytes +
          stream.Below(kMaxSignatureBytes - kMinSignatureBytes + 1);
      group.push_back(RandomText(&stream, bytes));
    }
  }
  return set;
}

std::string MakePayload(RandomStream* stream, const SignatureSet& signatures,
                        size_t bytes, bool whole) {
  std::string text = RandomText(stream, bytes);
  for (size_t i = 0; i < bytes / kBytesPerPrefix; ++i) {
    const std::string& signature = RandomSignature(stream, signatures);
    const size_t length =
        whole && i == 0 ? signature.size()
                        : 3 + stream->Below(uint32_t(signature.size()) - 3);
    const size_t at = stream->Below(static_cast<uint32_t>(bytes - length));
    text.replace(at, length, signature, 0, length);
  }
  return text;
}

PatternAutomaton::PatternAutomaton(const std::vector<std::string>& patterns) {
  // Trie; 0 is the root and also "no edge", since nothing leads to the root.
  std::vector<uint32_t> next(kSymbols, 0);
  output_.assign(1, 0);
  for (const std::string& pattern : patterns) {
    uint32_t state = 0;
    for (const char c : pattern) {
      const size_t edge = size_t{state} * kSymbols + static_cast<uint8_t>(c);
      if (next[edge] == 0) {
        next[edge] = static_cast<uint32_t>(output_.size());
        output_.push_back(0);
        next.resize(next.size() + kSymbols, 0);
      }
      state = next[edge];
    }
    ++output_[state];
  }
  if (output_.size() > 65535) throw std::length_error("too many signatures");

  // Breadth first: a missing edge goes where the failure state goes.
  std::vector<uint32_t> failure(output_.size(), 0);
  std::deque<uint32_t> queue;
  for (int symbol = 0; symbol < kSymbols; ++symbol) {
    if (next[symbol] != 0) queue.push_back(next[symbol]);
  }
  for (; !queue.empty(); queue.pop_front()) {
    const uint32_t state = queue.front();
    output_[state] += output_[failure[state]];
    for (int symbol = 0; symbol < kSymbols; ++symbol) {
      uint32_t& edge = next[size_t{state} * kSymbols + symbol];
      const uint32_t fallback =
          next[size_t{failure[state]} * kSymbols + symbol];
      if (edge == 0) {
        edge = fallback;
      } else {
        failure[edge] = fallback;
        queue.push_back(edge);
      }
    }
  }
  next_.assign(next.begin(), next.end());
}

uint16_t PatternAutomaton::Scan(const uint8_t* text, size_t bytes,
                                uint16_t state, uint64_t* matches) const {
  uint64_t found = 0;
  for (size_t i = 0; i < bytes; ++i) {
    state = next_[size_t{state} * kSymbols + text[i]];
    found += output_[state];
  }
  *matches += found;
  return state;
}

}  // namespace airlock::testbed
