// Sources: aws-nitro-enclaves-image-format, commit 935dc626, src/utils/mod.rs,
// EifBuilder::measure and get_pcrs, src/defs/eif_hasher.rs,
// tpm_extend_finalize_reset; QEMU hw/core/eif.c, read_eif_file.
#include "measure/nitro.h"

#include <algorithm>

#include "common/hash.h"
#include "formats/eif.h"
#include "formats/eif_signature.h"

namespace tally {
namespace {

// Stream is what a register is the measurement of: bytes of several sections
// without lengths between them.
struct Stream {
  Sha384Hasher hasher;
  std::vector<Event> events;

  void Add(ByteSpan bytes, const Event& event) {
    hasher.Update(bytes);
    events.push_back(event);
  }
  Stream Clone() const { return {.hasher = hasher.Clone(), .events = events}; }
};

Event SectionEvent(const EifSection& section, const std::string& what) {
  // SHA-256, as for all artifacts, so that a section can be found by its file.
  return {.what = what,
          .type = "section",
          .size_bytes = section.bytes.size(),
          .digest = Sha256(section.bytes)};
}

// CloseRegister extends the zero register with the stream's digest.
NitroRegister CloseRegister(const std::string& name, Stream stream) {
  const Sha384Digest inner = stream.hasher.Finish();
  const Sha384Digest value =
      stream.hasher.Update(NitroPcr().span()).Update(inner.span()).Finish();
  NitroRegister result;
  result.name = name;
  result.value = NitroPcr(value.array());
  result.events = std::move(stream.events);
  result.events.push_back({.what = "SHA-384 of the bytes above, concatenated",
                           .type = "extend",
                           .size_bytes = inner.span().size(),
                           .digest = inner,
                           .value_after = result.value});
  return result;
}

Result<NitroRegister> MeasureCertificate(const EifSection& signature) {
  TALLY_ASSIGN(const Bytes der, ParseEifSigningCertificate(signature.bytes));
  Stream stream;
  stream.Add(der, {.what = "signing certificate (DER)",
                   .type = "certificate",
                   .size_bytes = der.size(),
                   .digest = Sha256(der)});
  return CloseRegister("PCR8", std::move(stream));
}

std::vector<Coverage> DescribeCoverage(const Eif& eif) {
  std::vector<Coverage> coverage;
  size_t num_ramdisks = 0;
  for (const EifSection& section : eif.sections) {
    switch (section.type) {
      case EifSectionType::kKernel:
      case EifSectionType::kCmdline:
        coverage.push_back(
            {.input = std::string(EifSectionTypeName(section.type)),
             .registers = {"PCR0", "PCR1"}});
        break;
      case EifSectionType::kRamdisk:
        coverage.push_back(
            {.input = "ramdisk " + std::to_string(num_ramdisks),
             .registers = {"PCR0", num_ramdisks == 0 ? "PCR1" : "PCR2"}});
        ++num_ramdisks;
        break;
      case EifSectionType::kSignature:
        coverage.push_back(
            {.input = "signing certificate", .registers = {"PCR8"}});
        break;
      case EifSectionType::kMetadata:
        coverage.push_back({.input = "metadata",
                            .why_not = "no register contains it",
                            .affects_boot = false});
        break;
    }
  }
  return coverage;
}

// Streams are the bytes that the registers of the image are made of.
struct Streams {
  Stream image;
  Stream boot;
  Stream application;
};

// SplitStreams relies on ParseEif: the kernel comes first, then the command
// line, and there is a ramdisk, so that the boot stream is a prefix of the
// image.
Streams SplitStreams(const Eif& eif) {
  Streams streams;
  size_t num_ramdisks = 0;
  for (const EifSection& section : eif.sections) {
    if (section.type == EifSectionType::kKernel ||
        section.type == EifSectionType::kCmdline) {
      const std::string name(EifSectionTypeName(section.type));
      streams.image.Add(section.bytes, SectionEvent(section, name));
    } else if (section.type == EifSectionType::kRamdisk) {
      const Event event =
          SectionEvent(section, "ramdisk " + std::to_string(num_ramdisks));
      streams.image.Add(section.bytes, event);
      if (num_ramdisks == 0) {
        streams.boot = streams.image.Clone();
      } else {
        streams.application.Add(section.bytes, event);
      }
      ++num_ramdisks;
    }
  }
  return streams;
}

}  // namespace

const NitroRegister* NitroMeasurement::Find(std::string_view name) const {
  const auto found = std::ranges::find(registers, name, &NitroRegister::name);
  return found == registers.end() ? nullptr : &*found;
}

Result<NitroMeasurement> MeasureNitro(ByteSpan eif_file) {
  TALLY_ASSIGN(const Eif eif, ParseEif(eif_file));

  Streams streams = SplitStreams(eif);
  NitroMeasurement measurement;
  measurement.registers.push_back(
      CloseRegister("PCR0", std::move(streams.image)));
  measurement.registers.push_back(
      CloseRegister("PCR1", std::move(streams.boot)));
  measurement.registers.push_back(
      CloseRegister("PCR2", std::move(streams.application)));
  for (const EifSection& section : eif.sections) {
    if (section.type != EifSectionType::kSignature) continue;
    TALLY_ASSIGN(NitroRegister certificate, MeasureCertificate(section));
    measurement.registers.push_back(std::move(certificate));
  }
  measurement.coverage = DescribeCoverage(eif);
  return measurement;
}

}  // namespace tally
