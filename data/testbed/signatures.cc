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
  int classes = 1;
  for (const std::string& pattern : patterns) {
    for (const char c : pattern) {
      uint8_t& symbol = class_of_[static_cast<uint8_t>(c)];
      if (symbol == 0) symbol = static_cast<uint8_t>(classes++);
    }
  }
  while ((1 << row_shift_) < classes) ++row_shift_;
  const size_t row = size_t{1} << row_shift_;

  // Trie; 0 is the root and also "no edge", since nothing leads to the root.
  std::vector<uint32_t> next(row, 0);
  std::vector<bool> accepts(1, false);
  for (const std::string& pattern : patterns) {
    uint32_t state = 0;
    for (const char c : pattern) {
      const size_t edge = state * row + class_of_[static_cast<uint8_t>(c)];
      if (next[edge] == 0) {
        next[edge] = static_cast<uint32_t>(accepts.size());
        accepts.push_back(false);
        next.resize(next.size() + row, 0);
      }
      state = next[edge];
    }
    accepts[state] = true;
  }
  if (accepts.size() > kAccepts) throw std::length_error("many signatures");

  // Breadth first: a missing edge goes where the failure state goes.
  std::vector<uint32_t> failure(accepts.size(), 0);
  std::deque<uint32_t> queue;
  for (size_t symbol = 0; symbol < row; ++symbol) {
    if (next[symbol] != 0) queue.push_back(next[symbol]);
  }
  for (; !queue.empty(); queue.pop_front()) {
    const uint32_t state = queue.front();
    if (accepts[failure[state]]) accepts[state] = true;
    for (size_t symbol = 0; symbol < row; ++symbol) {
      uint32_t& edge = next[state * row + symbol];
      const uint32_t fallback = next[failure[state] * row + symbol];
      if (edge == 0) {
        edge = fallback;
      } else {
        failure[edge] = fallback;
        queue.push_back(edge);
      }
    }
  }
  next_.reserve(next.size());
  for (const uint32_t state : next) {
    next_.push_back(
        static_cast<uint16_t>(state | (accepts[state] ? kAccepts : 0)));
  }
}

uint16_t PatternAutomaton::Scan(const uint8_t* text, size_t bytes,
                                uint16_t state, uint64_t* matches) const {
  uint64_t found = 0;
  for (size_t i = 0; i < bytes; ++i) {
    const uint16_t entry =
        next_[(size_t{state} << row_shift_) | class_of_[text[i]]];
    state = entry & (kAccepts - 1);
    found += entry >> 15;
  }
  *matches += found;
  return state;
}

}  // namespace airlock::testbed
