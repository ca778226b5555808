// usage: match_cpp EVIDENCE AT
//
// Authenticates evidence through the C++ interface and prints its registers.
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "attest/technologies.h"
#include "common/text.h"

int main(int argc, char** argv) {
  if (argc != 3) return 64;
  std::ifstream file(argv[1], std::ios::binary);
  const std::string contents{std::istreambuf_iterator<char>(file), {}};
  const tally::ByteSpan bytes = tally::AsBytes(contents);
  const auto kind = tally::RecognizeEvidence(bytes);
  if (!kind) return 3;
  const auto evidence =
      tally::Authenticate(*kind, bytes, {.at = std::stoll(argv[2])});
  if (!evidence) return 3;
  for (const tally::AttestedRegister& attested : evidence->registers) {
    std::cout << attested.name << "=" << tally::Hex(attested.value) << "\n";
  }
  return evidence->authentic() ? 0 : 1;
}
