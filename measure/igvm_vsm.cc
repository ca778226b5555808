#include "measure/igvm_vsm.h"

#include <string>

#include "common/hash.h"
#include "common/text.h"
#include "measure/igvm_plan.h"

namespace tally {
namespace {

constexpr uint64_t kPageBytes = 4096;

// BootMeasurementType.
constexpr uint32_t kVpRegister = 0;
constexpr uint32_t kGpaPage = 2;
// The size of VbsRegisterChunk and of VpGpaPageChunk with the page.
constexpr uint32_t kRegisterChunkBytes = 48;
constexpr uint32_t kPageChunkBytes = 32 + kPageBytes;

// VBS_VM_GPA_PAGE_BOOT_METADATA.
constexpr uint64_t kReadable = 1;
constexpr uint64_t kWritable = 2;
constexpr uint64_t kUnmeasured = 4;

void Extend(ByteSpan chunk, Event event, IgvmVsmMeasurement* measurement) {
  const Sha256Digest after = Sha256Hasher()
                                 .Update(measurement->boot_digest.span())
                                 .Update(chunk)
                                 .Finish();
  measurement->boot_digest = VbsBootDigest(after.array());
  event.value_after = after.hex();
  measurement->events.push_back(std::move(event));
}

void ExtendPages(const IgvmLoad& load, IgvmVsmMeasurement* measurement) {
  const bool is_error_range = load.kind == IgvmLoad::Kind::kErrorRange;
  const uint64_t metadata = (is_error_range ? kReadable | kWritable : 0) |
                            (load.unmeasured ? kUnmeasured : 0);
  static const Bytes zeros(kPageBytes, 0);
  for (uint64_t at = 0; at < load.size_bytes; at += kPageBytes) {
    const bool has_contents = !load.unmeasured && !load.contents.empty();
    const ByteSpan contents =
        has_contents ? load.contents.subspan(at, kPageBytes) : ByteSpan(zeros);
    const uint64_t gpa = load.gpa + at;
    ByteWriter chunk;
    chunk.U32Le(kPageChunkBytes).U32Le(kGpaPage).U64Le(0);
    chunk.U64Le(metadata).U64Le(gpa / kPageBytes).Raw(contents);
    Extend(
        chunk.bytes(),
        {.what = load.what,
         .type = is_error_range    ? "shared"
                 : load.unmeasured ? "unmeasured"
                                   : "normal",
         .gpa = gpa,
         .size_bytes = kPageBytes,
         .digest = load.unmeasured ? "" : "sha256:" + Sha256(contents).hex()},
        measurement);
  }
}

// ExtendRegisters reads VbsVpContextHeader and VbsVpContextRegister.
Status ExtendRegisters(const IgvmLoad& load, IgvmVsmMeasurement* measurement) {
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
    Extend(chunk.bytes(),
           {.what = load.what + ", VTL " + std::to_string(vtl) + ", register " +
                    HexNumber(name),
            .type = "register",
            .size_bytes = value.size(),
            .digest = "sha256:" + Sha256(value).hex()},
           measurement);
  }
  return r.Finish();
}

}  // namespace

Result<IgvmVsmMeasurement> MeasureIgvmVsm(const Igvm& igvm) {
  TALLY_ASSIGN(const std::vector<IgvmLoad> loads,
               PlanIgvm(igvm, IgvmPlatformType::kVsm));
  IgvmVsmMeasurement measurement;
  for (const IgvmLoad& load : loads) {
    if (load.kind == IgvmLoad::Kind::kVpContext) continue;
    if (load.page_type != IgvmPageType::kNormal) {
      return InputError("igvm: directive " + std::to_string(load.directive) +
                        ": a " + load.what + ", which vsm does not have");
    }
    ExtendPages(load, &measurement);
  }
  // Hyper-V sets the registers when all memory is there.
  for (const IgvmLoad& load : loads) {
    if (load.kind == IgvmLoad::Kind::kVpContext) {
      TALLY_TRY(ExtendRegisters(load, &measurement));
    }
  }
  return measurement;
}

}  // namespace tally
