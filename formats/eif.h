// EIF version 4: the image format of AWS Nitro Enclaves. See
// docs/formats/eif.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace tally {

inline constexpr uint16_t kEifVersion = 4;
inline constexpr uint64_t kEifMaxSections = 32;

enum class EifArchitecture : uint16_t { kX86_64 = 0, kAarch64 = 1 };

enum class EifSectionType : uint16_t {
  kKernel = 1,
  kCmdline = 2,
  kRamdisk = 3,
  kSignature = 4,
  kMetadata = 5,
};

// EifSectionTypeName returns "kernel".
std::string_view EifSectionTypeName(EifSectionType type);

// EifSection owns nothing: `bytes` must outlive it.
struct EifSection {
  EifSectionType type = EifSectionType::kKernel;
  ByteSpan bytes;
};

// Eif is a whole image. The kernel is the first section, the command line
// (which has no final NUL) the second; then ramdisks (at least one), metadata
// and signature (at most one each) in any order.
struct Eif {
  EifArchitecture architecture = EifArchitecture::kX86_64;
  // What the launcher offers if the user names nothing; AWS' eif_build writes
  // these values.
  uint64_t default_memory_bytes = uint64_t{1} << 30;
  uint64_t default_cpus = 2;
  std::vector<EifSection> sections;
};

// EifContents are the parts of an unsigned image. It owns nothing.
struct EifContents {
  ByteSpan kernel;
  std::string_view cmdline;
  // JSON text: see FormatEifMetadata(). The section is there even if it is
  // empty.
  std::string_view metadata;
  std::vector<ByteSpan> ramdisks;
};

// MakeEif puts the parts in the order in which AWS' eif_build writes them:
// kernel, command line, metadata, ramdisks. It copies nothing.
Eif MakeEif(EifArchitecture architecture, const EifContents& contents);

// ParseEif accepts exactly what WriteEif writes; the sections of the result
// view `file`.
Result<Eif> ParseEif(ByteSpan file);

// WriteEif writes the image front to back. It reads every section twice: the
// checksum stands before what it covers. Images that ParseEif would refuse are
// refused before anything is written.
Status WriteEif(const Eif& eif, ByteSink& sink);

// EncodeEif is WriteEif into memory.
Result<Bytes> EncodeEif(const Eif& eif);

// EifMetadata is the content of the metadata section. Nothing of it is
// measured.
struct EifMetadata {
  std::string image_name;
  std::string image_version;
  std::string build_time;
  std::string build_tool;
  std::string build_tool_version;
  std::string operating_system;
  std::string kernel_version;
};

// FormatEifMetadata returns the JSON text that `nitro-cli describe-eif` reads:
// every member is required there; DockerInfo and CustomMetadata are null.
std::string FormatEifMetadata(const EifMetadata& metadata);

}  // namespace tally
