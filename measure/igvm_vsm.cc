#include "measure/igvm_vsm.h"

#include <string>

#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

// BootMeasurementType.
constexpr uint32_t kVpRegister = 0;
constexpr uint32_t kGpaPage = 2;
// The size of VbsRegisterChunk and of VpGpaPageChunk with the page.
constexpr uint32_t kRegisterChunkBytes = 48;
constexpr uint32_t kPageChunkBytes = 32 + kIgvmPageBytes;

// VBS_VM_GPA_PAGE_BOOT_METADATA.
constexpr uint64_t kReadable = 1;
constexpr uint64_t kWritable = 2;
constexpr uint64_t kUnmeasured = 4;

void Extend(ByteSpan chunk, VbsBootDigest* digest) {
  const Sha256Digest after =
      Sha256Hasher().Update(digest->span()).Update(chunk).Finish();
  *digest = VbsBootDigest(after.array());
}

void ExtendPages(const IgvmLoad& load, VbsBootDigest* digest) {
  const bool is_error_range = load.kind == IgvmLoad::Kind::kErrorRange;
  const uint64_t metadata = (is_error_range ? kReadable | kWritable : 0) |
                            (load.unmeasured ? kUnmeasured : 0);
  static const Bytes zeros(kIgvmPageBytes, 0);
  for (uint64_t at = 0; at < load.size_bytes; at += kIgvmPageBytes) {
    const bool has_contents = !load.unmeasured && !load.contents.empty();
    const ByteSpan contents = has_contents
                                  ? load.contents.subspan(at, kIgvmPageBytes)
                                  : ByteSpan(zeros);
    ByteWriter chunk;
    chunk.U32Le(kPageChunkBytes).U32Le(kGpaPage).U64Le(0);
    chunk.U64Le(metadata).U64Le((load.gpa + at) / kIgvmPageBytes).Raw(contents);
    Extend(chunk.bytes(), digest);
  }
}

// PagesEvent is one for all pages of a load.
Event PagesEvent(const IgvmLoad& load, const VbsBootDigest& after) {
  Event event{.what = load.what,
              .type = "normal",
              .gpa = load.gpa,
              .size_bytes = load.size_bytes,
              .value_after = after};
  if (load.unmeasured) {
    const bool is_error_range = load.kind == IgvmLoad::Kind::kErrorRange;
    event.type = is_error_range ? "shared" : "unmeasured";
    return event;
  }
  event.digest = load.contents.empty() ? Sha256(Bytes(load.size_bytes, 0))
                                       : Sha256(load.contents);
  return event;
}

// ExtendRegisters reads VbsVpContextHeader and VbsVpContextRegister.
Status ExtendRegisters(const IgvmLoad& load, const IgvmFolding& folding,
                       VbsBootDigest* digest) {
  ByteReader r("igvm VP context registers", load.contents);
  const uint32_t count = r.U32Le("count");
  for (uint32_t i = 0; i < count && r.ok(); ++i) {
    const uint8_t vtl = r.U8("vtl");
    const uint32_t name = r.U32Le("name");
    r.Zeros("reserved", 11);
    const ByteSpan value = r.Take("value", 16);
    if (!r.ok()) break;
    ByteWriter chunk;
    chunk.U32Le(kRegisterChunkBytes).U32Le(kVpRegister).U64Le(0);
    chunk.U32Le(0).U8(vtl).Zeros(3).U32Le(0).U32Le(name).Raw(value);
    Extend(chunk.bytes(), digest);
    if (!folding.event) continue;
    folding.event({.what = load.what + ", VTL " + std::to_string(vtl) +
                           ", register " + HexNumber(name),
                   .type = "register",
                   .size_bytes = value.size(),
                   .digest = Sha256(value),
                   .value_after = *digest});
  }
  return r.Finish();
}

// StatedDigest returns what the last VBS measurement of the platform says.
Result<std::optional<VbsBootDigest>> StatedDigest(const Igvm& igvm,
                                                  uint32_t mask) {
  // VbsDigestAlgorithm::SHA256.
  constexpr uint32_t kSha256 = 1;
  std::optional<VbsBootDigest> stated;
  for (size_t i = 0; i < igvm.directives.size(); ++i) {
    const auto* boxed =
        std::get_if<Boxed<IgvmVbsMeasurement>>(&igvm.directives[i]);
    if (boxed == nullptr) continue;
    const IgvmVbsMeasurement& header = **boxed;
    if ((header.compatibility_mask & mask) == 0) continue;
    if (header.boot_digest_algorithm != kSha256) {
      return InputError("igvm: directive " + std::to_string(i) +
                        ": boot digest algorithm " +
                        std::to_string(header.boot_digest_algorithm) +
                        ", expected 1, SHA-256");
    }
    TALLY_ASSIGN(stated, VbsBootDigest::FromBytes(
                             header.boot_measurement_digest.bytes.first(
                                 VbsBootDigest::kSizeBytes)));
  }
  return stated;
}

}  // namespace

Result<IgvmVsmMeasurement> MeasureIgvmVsm(const Igvm& igvm,
                                          const IgvmFolding& folding) {
  TALLY_ASSIGN(const std::vector<IgvmLoad> loads,
               PlanIgvm(igvm, IgvmPlatformType::kVsm));
  IgvmVsmMeasurement measurement;
  for (const IgvmLoad& load : loads) {
    if (load.kind == IgvmLoad::Kind::kVpContext) continue;
    if (load.page_type != IgvmPageType::kNormal) {
      return InputError("igvm: directive " + std::to_string(load.directive) +
                        ": a " + load.what + ", which vsm does not have");
    }
    ExtendPages(load, &measurement.boot_digest);
    if (folding.event) {
      folding.event(PagesEvent(load, measurement.boot_digest));
    }
    if (folding.done) folding.done(load.contents);
  }
  // Hyper-V sets the registers when all memory is there.
  for (const IgvmLoad& load : loads) {
    if (load.kind == IgvmLoad::Kind::kVpContext) {
      TALLY_TRY(ExtendRegisters(load, folding, &measurement.boot_digest));
    }
  }
  TALLY_ASSIGN(
      measurement.stated_digest,
      StatedDigest(
          igvm,
          FindIgvmPlatform(igvm, IgvmPlatformType::kVsm)->compatibility_mask));
  return measurement;
}

Status CheckIgvmVbsMeasurement(const IgvmVsmMeasurement& measurement) {
  const auto& stated = measurement.stated_digest;
  if (!stated || *stated == measurement.boot_digest) return Ok();
  return DigestMismatch("boot digest in the file's VBS measurement",
                        stated->hex(), measurement.boot_digest.hex());
}

}  // namespace tally
