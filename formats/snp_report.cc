#include "formats/snp_report.h"

#include <string>

#include "common/text.h"
#include "formats/snp_number.h"

namespace tally {
namespace {

constexpr uint32_t kFirstVersion = 2;
constexpr uint32_t kLastVersion = 5;
// Versions that added something.
constexpr uint32_t kCpuidVersion = 3;
constexpr uint32_t kMitigationVersion = 4;

// KEY_INFO, at 0x48.
constexpr uint32_t kAuthorKeyEn = 1;
constexpr uint32_t kMaskChipKey = 2;
constexpr int kSigningKeyShift = 2;
constexpr uint32_t kSigningKeyMask = 7;
constexpr uint32_t kKeyInfoReserved = 0xffffffe0;

constexpr uint64_t kSignatureReserved = 0x200 - 2 * 72;

constexpr uint32_t kSnpReportAlgorithm =
    static_cast<uint32_t>(SnpAlgorithm::kEcdsaP384Sha384);

SnpFirmwareVersion ReadVersion(ByteReader& r, const std::string& name) {
  SnpFirmwareVersion version;
  version.build = r.U8(name + "_build");
  version.minor = r.U8(name + "_minor");
  version.major = r.U8(name + "_major");
  r.Zeros("reserved", 1);
  return version;
}

void WriteVersion(ByteWriter& w, const SnpFirmwareVersion& version) {
  w.U8(version.build).U8(version.minor).U8(version.major).Zeros(1);
}

void ReadKeyInfo(ByteReader& r, SnpReport& report) {
  const uint32_t key_info = r.U32Le("key_info");
  if ((key_info & kKeyInfoReserved) != 0) {
    r.Fail("key_info", "found " + HexNumber(key_info) +
                           ", expected reserved bits 31:5 to be zero");
  }
  report.author_key_en = (key_info & kAuthorKeyEn) != 0;
  report.mask_chip_key = (key_info & kMaskChipKey) != 0;
  report.signing_key =
      static_cast<uint8_t>(key_info >> kSigningKeyShift & kSigningKeyMask);
}

uint32_t KeyInfo(const SnpReport& report) {
  return (report.author_key_en ? kAuthorKeyEn : 0) |
         (report.mask_chip_key ? kMaskChipKey : 0) |
         (report.signing_key & kSigningKeyMask) << kSigningKeyShift;
}

// What the guest is, 0x000 to 0x180.
void ReadGuest(ByteReader& r, SnpReport& report) {
  report.version = r.U32Le("version");  // 0x000
  if (report.version < kFirstVersion || report.version > kLastVersion) {
    r.Fail("version",
           "found " + std::to_string(report.version) + ", expected 2 to 5");
  }
  report.guest_svn = r.U32Le("guest_svn");               // 0x004
  report.policy = r.U64Le("policy");                     // 0x008
  report.family_id = r.Array<16>("family_id");           // 0x010
  report.image_id = r.Array<16>("image_id");             // 0x020
  report.vmpl = r.U32Le("vmpl");                         // 0x030
  const uint32_t algorithm = r.U32Le("signature_algo");  // 0x034
  if (algorithm != kSnpReportAlgorithm) {
    r.Fail("signature_algo", "found " + std::to_string(algorithm) +
                                 ", expected 1 (ECDSA P-384 with SHA-384)");
  }
  report.current_tcb = r.Array<8>("current_tcb");               // 0x038
  report.platform_info = r.U64Le("platform_info");              // 0x040
  ReadKeyInfo(r, report);                                       // 0x048
  r.Zeros("reserved", 4);                                       // 0x04c
  report.report_data = r.Array<64>("report_data");              // 0x050
  report.measurement = r.Array<48>("measurement");              // 0x090
  report.host_data = r.Array<32>("host_data");                  // 0x0c0
  report.id_key_digest = r.Array<48>("id_key_digest");          // 0x0e0
  report.author_key_digest = r.Array<48>("author_key_digest");  // 0x110
  report.report_id = r.Array<32>("report_id");                  // 0x140
  report.report_id_ma = r.Array<32>("report_id_ma");            // 0x160
}

// What the machine is, 0x180 to 0x2a0.
void ReadMachine(ByteReader& r, SnpReport& report) {
  report.reported_tcb = r.Array<8>("reported_tcb");  // 0x180
  if (report.version >= kCpuidVersion) {
    report.cpuid.family = r.U8("cpuid_fam_id");  // 0x188
    report.cpuid.model = r.U8("cpuid_mod_id");   // 0x189
    report.cpuid.stepping = r.U8("cpuid_step");  // 0x18a
    r.Zeros("reserved", 21);                     // 0x18b
  } else {
    r.Zeros("reserved", 24);  // 0x188
  }
  report.chip_id = r.Array<64>("chip_id");                 // 0x1a0
  report.committed_tcb = r.Array<8>("committed_tcb");      // 0x1e0
  report.current_version = ReadVersion(r, "current");      // 0x1e8
  report.committed_version = ReadVersion(r, "committed");  // 0x1ec
  report.launch_tcb = r.Array<8>("launch_tcb");            // 0x1f0
  if (report.version >= kMitigationVersion) {
    report.launch_mit_vector = r.U64Le("launch_mit_vector");    // 0x1f8
    report.current_mit_vector = r.U64Le("current_mit_vector");  // 0x200
    r.Zeros("reserved", 152);                                   // 0x208
  } else {
    r.Zeros("reserved", 168);  // 0x1f8
  }
}

}  // namespace

std::optional<SnpProduct> SnpReport::product() const {
  if (version < kCpuidVersion) return std::nullopt;
  return SnpProductOf(cpuid.family, cpuid.model);
}

Result<SnpReport> ParseSnpReport(ByteSpan bytes) {
  ByteReader r("snp report", bytes);
  SnpReport report;
  ReadGuest(r, report);
  ReadMachine(r, report);
  report.signature.r = ReadSnpNumber(r, "signature r");  // 0x2a0
  report.signature.s = ReadSnpNumber(r, "signature s");  // 0x2e8
  r.Zeros("signature reserved", kSignatureReserved);     // 0x330
  TALLY_TRY(r.Finish());
  return report;
}

Bytes EncodeSnpReport(const SnpReport& report) {
  ByteWriter w;
  w.U32Le(report.version);                    // 0x000
  w.U32Le(report.guest_svn);                  // 0x004
  w.U64Le(report.policy);                     // 0x008
  w.Raw(report.family_id);                    // 0x010
  w.Raw(report.image_id);                     // 0x020
  w.U32Le(report.vmpl);                       // 0x030
  w.U32Le(kSnpReportAlgorithm);               // 0x034
  w.Raw(report.current_tcb);                  // 0x038
  w.U64Le(report.platform_info);              // 0x040
  w.U32Le(KeyInfo(report));                   // 0x048
  w.Zeros(4);                                 // 0x04c
  w.Raw(report.report_data);                  // 0x050
  w.Raw(report.measurement);                  // 0x090
  w.Raw(report.host_data);                    // 0x0c0
  w.Raw(report.id_key_digest);                // 0x0e0
  w.Raw(report.author_key_digest);            // 0x110
  w.Raw(report.report_id);                    // 0x140
  w.Raw(report.report_id_ma);                 // 0x160
  w.Raw(report.reported_tcb);                 // 0x180
  w.U8(report.cpuid.family);                  // 0x188
  w.U8(report.cpuid.model);                   // 0x189
  w.U8(report.cpuid.stepping);                // 0x18a
  w.Zeros(21);                                // 0x18b
  w.Raw(report.chip_id);                      // 0x1a0
  w.Raw(report.committed_tcb);                // 0x1e0
  WriteVersion(w, report.current_version);    // 0x1e8
  WriteVersion(w, report.committed_version);  // 0x1ec
  w.Raw(report.launch_tcb);                   // 0x1f0
  w.U64Le(report.launch_mit_vector);          // 0x1f8
  w.U64Le(report.current_mit_vector);         // 0x200
  w.Zeros(152);                               // 0x208
  WriteSnpNumber(w, report.signature.r);      // 0x2a0
  WriteSnpNumber(w, report.signature.s);      // 0x2e8
  w.Zeros(kSignatureReserved);                // 0x330
  return std::move(w).Take();
}

}  // namespace tally
