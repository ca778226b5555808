// tally measure igvm: what an IGVM file is measured to.

#include "cli/measure_igvm_command.h"

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "cli/igvm_vmsas.h"
#include "cli/measure_answer.h"
#include "common/check.h"
#include "common/text.h"
#include "measure/igvm_kvm.h"
#include "measure/igvm_sev.h"
#include "measure/igvm_snp.h"
#include "measure/igvm_tdx.h"
#include "measure/igvm_vsm.h"

namespace tally {
namespace {

// MeasuredIgvm is what all platforms have in common.
struct MeasuredIgvm {
  std::string register_name;
  std::string algorithm;
  Bytes digest;
  // What the file itself says, of SEV-SNP and of VSM; and whether it is so.
  std::optional<SnpLaunchDigest> id_block_digest;
  std::optional<VbsBootDigest> vbs_digest;
  Status stated;
};

// IgvmSource is what is measured.
struct IgvmSource {
  const Igvm& igvm;
  IgvmPlatformType platform;
  // To be called with what was read of the file.
  const IgvmContentsRead& read;
};

Result<IgvmPlatformType> ParseIgvmPlatform(const std::string& name) {
  constexpr std::array<IgvmPlatformType, 5> kMeasured = {
      IgvmPlatformType::kSevSnp, IgvmPlatformType::kSev,
      IgvmPlatformType::kSevEs, IgvmPlatformType::kVsm, IgvmPlatformType::kTdx};
  std::vector<std::string> names;
  for (const IgvmPlatformType type : kMeasured) {
    if (name == IgvmPlatformName(type)) return type;
    names.emplace_back(IgvmPlatformName(type));
  }
  Error error = UsageError("--platform: found " + Quote(name) + ", expected " +
                           Join(names, ", "));
  const auto nearest = NearestName(name, names);
  if (!nearest) return error;
  return std::move(error).Hint("did you mean " + Quote(*nearest) + "?");
}

Status CheckIgvmFlags(const MeasureIgvmFlags& flags,
                      IgvmPlatformType platform) {
  if (flags.native_zero && platform != IgvmPlatformType::kSevSnp) {
    return UsageError("--native-zero is for sev-snp only");
  }
  if (flags.check_kvm && platform == IgvmPlatformType::kVsm) {
    return UsageError("--check-kvm is not for vsm, which KVM does not have");
  }
  if (flags.check_kvm && platform == IgvmPlatformType::kTdx) {
    return UsageError("--check-kvm is not for tdx: its rules are about VMSAs");
  }
  return Ok();
}

Result<MeasuredIgvm> MeasurePlatform(const Igvm& igvm,
                                     IgvmPlatformType platform,
                                     const MeasureIgvmFlags& flags,
                                     const IgvmFolding& folding) {
  if (platform == IgvmPlatformType::kSevSnp) {
    const IgvmZeroPages zero_pages =
        flags.native_zero ? IgvmZeroPages::kNative : IgvmZeroPages::kNormal;
    TALLY_ASSIGN(IgvmSnpMeasurement snp,
                 MeasureIgvmSnp(igvm, zero_pages, folding));
    const Status stated = CheckIgvmIdBlock(snp);
    return MeasuredIgvm{.register_name = "launch_digest",
                        .algorithm = "sha384",
                        .digest = ToBytes(snp.launch_digest.span()),
                        .id_block_digest = snp.id_block_digest,
                        .stated = stated};
  }
  if (platform == IgvmPlatformType::kVsm) {
    TALLY_ASSIGN(IgvmVsmMeasurement vsm, MeasureIgvmVsm(igvm, folding));
    const Status stated = CheckIgvmVbsMeasurement(vsm);
    return MeasuredIgvm{.register_name = "boot_digest",
                        .algorithm = "sha256",
                        .digest = ToBytes(vsm.boot_digest.span()),
                        .vbs_digest = vsm.stated_digest,
                        .stated = stated};
  }
  if (platform == IgvmPlatformType::kTdx) {
    TALLY_ASSIGN(IgvmTdxMeasurement tdx, MeasureIgvmTdx(igvm, folding));
    return MeasuredIgvm{.register_name = "mrtd",
                        .algorithm = "sha384",
                        .digest = ToBytes(tdx.mrtd.span())};
  }
  const SevMode mode =
      platform == IgvmPlatformType::kSev ? SevMode::kSev : SevMode::kSevEs;
  TALLY_ASSIGN(IgvmSevMeasurement sev, MeasureIgvmSev(igvm, mode, folding));
  return MeasuredIgvm{.register_name = "launch_digest",
                      .algorithm = "sha256",
                      .digest = ToBytes(sev.launch_digest.span())};
}

Json FindingRecord(const IgvmKvmFinding& finding) {
  return Json::Object{
      {"rule", IgvmKvmRuleName(finding.rule)},
      {"directive", finding.directive
                        ? Json(static_cast<uint64_t>(*finding.directive))
                        : Json()},
      {"what", finding.what},
      {"why", finding.why}};
}

Json IdBlockRecord(const MeasuredIgvm& measured) {
  if (!measured.id_block_digest) return Json();
  return Json::Object{{"launch_digest", measured.id_block_digest->hex()},
                      {"agrees", measured.stated.has_value()}};
}

Json VbsRecord(const MeasuredIgvm& measured) {
  if (!measured.vbs_digest) return Json();
  return Json::Object{{"boot_digest", measured.vbs_digest->hex()},
                      {"agrees", measured.stated.has_value()}};
}

// KvmFindings is what is wrong for KVM; nothing if nobody asked.
struct KvmFindings {
  bool asked = false;
  uint64_t num_findings = 0;
  // The first of them, a line each.
  std::string text;
};

Result<KvmFindings> FindKvmFindings(const IgvmSource& source, bool asked) {
  // More lines than anybody reads; --json has them all.
  constexpr uint64_t kMaxLines = 1000;
  KvmFindings findings{.asked = asked};
  if (!asked) return findings;
  const auto found = [&](const IgvmKvmFinding& finding) {
    if (++findings.num_findings > kMaxLines) return;
    findings.text += "\n  " + std::string(IgvmKvmRuleName(finding.rule)) +
                     ": " + WhereOf(finding) + ": " + finding.what + ": " +
                     std::string(finding.why);
  };
  TALLY_TRY(FindForKvm(source.igvm, source.platform, found, source.read));
  if (findings.num_findings > kMaxLines) {
    findings.text += "\n  and " +
                     std::to_string(findings.num_findings - kMaxLines) +
                     " more, which --json has";
  }
  return findings;
}

void WriteKvm(const IgvmSource& source, JsonWriter& writer) {
  writer.BeginArray();
  const Status found = FindForKvm(
      source.igvm, source.platform,
      [&](const IgvmKvmFinding& f) { writer.Value(FindingRecord(f)); },
      source.read);
  TALLY_CHECK(found.has_value());  // as it was for the first time
  writer.EndArray();
}

Error KvmError(const KvmFindings& findings) {
  return MismatchError("QEMU with KVM would measure this file in another way" +
                       findings.text);
}

// Steps is what --explain and --json say of the events: a list of them all
// could be longer than the file.
struct Steps {
  EventRanges ranges;
  EventsHasher hasher;
  std::vector<IgvmVmsas> vmsas;
};

void WriteRegister(const MeasuredIgvm& measured, const Steps& steps,
                   JsonWriter& writer) {
  writer.BeginObject()
      .Member("algorithm", measured.algorithm)
      .Member("events_sha256", steps.hasher.Digest().hex())
      .Member("num_events", steps.hasher.num_events())
      .Key("ranges");
  steps.ranges.WriteJson(writer);
  writer.Member("value", Hex(measured.digest)).EndObject();
}

void WriteRecord(const IgvmSource& source, const MeasuredIgvm& measured,
                 const Steps& steps, const KvmFindings& findings,
                 JsonWriter& writer) {
  writer.BeginObject().Member("id_block", IdBlockRecord(measured)).Key("kvm");
  if (findings.asked) {
    WriteKvm(source, writer);
  } else {
    writer.Value(Json());
  }
  writer.Member("platform", IgvmPlatformName(source.platform))
      .Key("registers")
      .BeginObject()
      .Key(measured.register_name);
  WriteRegister(measured, steps, writer);
  writer.EndObject()
      .Member("vbs_measurement", VbsRecord(measured))
      .Key("vmsas");
  WriteIgvmVmsas(steps.vmsas, source.read, writer);
  writer.EndObject();
}

// PageDropper gives the pages of a mapped file back that were read, in whatever
// order.
class PageDropper {
 public:
  explicit PageDropper(ByteSpan file) : file_(file) {}

  void operator()(ByteSpan read) {
    if (read.empty()) return;
    if (read.data() != next_) mapped_bytes_ += kNeighbourBytes;
    mapped_bytes_ += read.size();
    next_ = read.data() + read.size();
    if (mapped_bytes_ < kDropBytes) return;
    DoneReading(file_);
    mapped_bytes_ = 0;
  }

 private:
  static constexpr uint64_t kDropBytes = 4 << 20;
  // Linux maps a page's neighbours with it (fault_around_bytes).
  static constexpr uint64_t kNeighbourBytes = 64 << 10;
  ByteSpan file_;
  const uint8_t* next_ = nullptr;
  // At most, since pages were given back.
  uint64_t mapped_bytes_ = 0;
};

Status MeasureFile(const MeasureIgvmFlags& flags, IgvmPlatformType platform,
                   Console& console) {
  TALLY_ASSIGN(const MappedFile file, MappedFile::Open(flags.file));
  PageDropper dropper(file.bytes());
  const IgvmContentsRead read = std::ref(dropper);
  TALLY_ASSIGN(const Igvm igvm, ParseIgvm(file.bytes(), read));
  const IgvmSource source{igvm, platform, read};
  const bool is_json = console.form() == OutputForm::kJson;
  Steps steps;
  IgvmFolding folding{.done = read};
  if (flags.explain || is_json) {
    folding.event = [&](const Event& event) {
      steps.ranges.Add(event);
      if (is_json) steps.hasher.Add(event);
    };
    steps.vmsas = FindIgvmVmsas(igvm, platform, read);
  }
  TALLY_ASSIGN(const MeasuredIgvm measured,
               MeasurePlatform(igvm, platform, flags, folding));
  TALLY_ASSIGN(const KvmFindings findings,
               FindKvmFindings(source, flags.check_kvm));
  const bool is_refused = findings.num_findings > 0;
  console.StreamAnswer(
      [&](const TextSink& sink) {
        if (flags.explain) {
          steps.ranges.WriteText(sink);
          ExplainIgvmVmsas(steps.vmsas, read, sink);
        }
        if (!is_refused) {
          sink(FormatDigest(measured.digest, flags.form) + "\n");
        }
      },
      [&](JsonWriter& writer) {
        WriteRecord(source, measured, steps, findings, writer);
      });
  if (is_refused) return KvmError(findings);
  if (flags.ignore_id_block) return Ok();
  return measured.stated;
}

}  // namespace

Status RunMeasureIgvm(const MeasureIgvmFlags& flags, Console& console) {
  TALLY_ASSIGN(const IgvmPlatformType platform,
               ParseIgvmPlatform(flags.platform));
  TALLY_TRY(CheckIgvmFlags(flags, platform));
  Status status = MeasureFile(flags, platform, console);
  if (!status) {
    return std::move(status).error().While("measuring " +
                                           Quote(flags.file.string()));
  }
  return status;
}

}  // namespace tally
