#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "data/testbed/random.h"

namespace airlock::testbed {

// Byte strings to look for, in groups the way rule sets are split by service.
// The same seed gives the same strings, so generator and inspector agree.
struct SignatureSet {
  std::vector<std::vector<std::string>> groups;
};

SignatureSet MakeSignatures(uint64_t seed, int groups, int per_group);

// Text of `bytes` bytes over the alphabet of the signatures. About one place
// in 64 holds the beginning of a signature, so the automata leave their first
// states; with `whole` one signature appears complete.
std::string MakePayload(RandomStream* stream, const SignatureSet& signatures,
                        size_t bytes, bool whole);

// Aho-Corasick automaton (Aho, Corasick, CACM 1975) as a full transition
// table over byte classes: two loads per payload byte. At most 32768 states.
class PatternAutomaton {
 public:
  explicit PatternAutomaton(const std::vector<std::string>& patterns);

  // Runs over `bytes` bytes from `state`, adds the positions where a pattern
  // ends to *matches, and returns the state to continue from.
  uint16_t Scan(const uint8_t* text, size_t bytes, uint16_t state,
                uint64_t* matches) const;

 private:
  static constexpr uint16_t kAccepts = 0x8000;  // a pattern ends here

  std::array<uint8_t, 256> class_of_{};  // 0: in no pattern
  int row_shift_ = 0;                    // a state has 1 << row_shift_ entries
  std::vector<uint16_t> next_;           // state and class -> state, kAccepts
};

}  // namespace airlock::testbed
