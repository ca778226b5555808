// What a text in a manifest or lock may look like: one rule per kind of value,
// with the words in which an error states it.
#pragma once

#include <string_view>

namespace tally {

struct TextRule {
  std::string_view expected;  // "a package name (…)"
  bool (*accepts)(std::string_view text);
};

// LooksTyped says whether a reader of YAML may take the plain scalar `text` for
// something else than text: a number, a date, a truth value or null.
bool LooksTyped(std::string_view text);

// The room that is left for what the builder appends to a command line: the
// verity root hash and its options.
inline constexpr size_t kCommandLineRoom = 512;
// Linux, arch/x86/include/asm/setup.h and arch/arm64/include/uapi/asm/setup.h:
// COMMAND_LINE_SIZE, with the final zero.
inline constexpr size_t kKernelCommandLineSize = 2048;
inline constexpr size_t kMaxCommandLine =
    kKernelCommandLineSize - kCommandLineRoom;

// Names. A package name follows Debian Policy 5.6.1, a package version 5.6.12.
extern const TextRule kReleaseName;
extern const TextRule kReleaseVersion;
extern const TextRule kArchiveName;
extern const TextRule kSuiteName;
extern const TextRule kComponentName;
extern const TextRule kPackageName;
extern const TextRule kPackageVersion;
extern const TextRule kPackageChain;  // "curl > libcurl4 > libc6"
extern const TextRule kModuleName;
extern const TextRule kVcpuType;
extern const TextRule kTargetName;
extern const TextRule kAccountName;  // users and groups
extern const TextRule kHostName;
extern const TextRule kUnitName;         // systemd.unit(5), with its suffix
extern const TextRule kTimeZone;         // "Etc/UTC"
extern const TextRule kLocaleName;       // "C.UTF-8"
extern const TextRule kAlternativeName;  // update-alternatives(1)

extern const TextRule kSourceName;  // downloads and OCI images
extern const TextRule kVolumeName;
extern const TextRule kConflictWinner;  // a package, or the origin of a tree

// Paths and globs.
extern const TextRule kMountPath;  // an image path that a command line can hold
extern const TextRule kImagePath;  // absolute and normal
extern const TextRule kHomePath;   // the same, or "/"
extern const TextRule kImageGlob;  // the same with * and ?
extern const TextRule kRelativePath;  // normal, printable ASCII
extern const TextRule kKeyringPath;   // either
extern const TextRule kLinkTarget;

// Everything else.
extern const TextRule kDownloadUrl;
extern const TextRule kRegistryName;  // "host[:port]/repository"
extern const TextRule kOciDigest;     // "sha256:" and 64 digits
extern const TextRule kAnyText;
extern const TextRule kArgument;
extern const TextRule kAccountText;  // a field of passwd(5)
extern const TextRule kMachineId;    // or "uninitialized", or ""
extern const TextRule kActionText;   // builder/action.h
extern const TextRule kCommandLine;
extern const TextRule kDiskCommandLine;  // less what the build adds
extern const TextRule kMode;             // four octal digits
extern const TextRule kPrintable;        // printable ASCII, not empty
extern const TextRule kSha256Hex;
extern const TextRule kSha384Hex;
extern const TextRule kHexBytes;     // lower case, an even number of digits
extern const TextRule kMemorySize;   // "512M", "4G", "1T"
extern const TextRule kPciPlace;     // "1.0": device and function
extern const TextRule kQemuVersion;  // "9.2"
extern const TextRule kFingerprint;  // OpenPGP version 4
extern const TextRule kUtcTime;      // RFC 3339, seconds, Z

}  // namespace tally
