#include "measure/tpm_secure_boot.h"

#include <algorithm>
#include <array>

#include "common/text.h"
#include "formats/tcg_event_types.h"

namespace tally {
namespace {

// gEfiSecureBootEnableDisableGuid, f0a30bc7-af08-4556-99c4-001009c93a44
constexpr Uuid kSecureBootEnable = {{0xf0, 0xa3, 0x0b, 0xc7, 0xaf, 0x08, 0x45,
                                     0x56, 0x99, 0xc4, 0x00, 0x10, 0x09, 0xc9,
                                     0x3a, 0x44}};
// EFI_CERT_X509_GUID, a5c059a1-94e4-4aa7-87b5-ab155c2bf072
constexpr Uuid kX509 = {{0xa5, 0xc0, 0x59, 0xa1, 0x94, 0xe4, 0x4a, 0xa7, 0x87,
                         0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72}};
// EFI_CERT_SHA256_GUID, c1c41626-504c-4092-aca9-41f936934328
constexpr Uuid kSha256 = {{0xc1, 0xc4, 0x16, 0x26, 0x50, 0x4c, 0x40, 0x92, 0xac,
                           0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28}};
constexpr uint64_t kOwnerBytes = 16;

struct PolicyVariable {
  const Uuid* vendor;
  std::string_view name;
};
// Tcg2Dxe.c, mVariableType, after SecureBoot.
constexpr std::array<PolicyVariable, 4> kPolicy = {
    {{&kEfiGlobalVariable, "PK"},
     {&kEfiGlobalVariable, "KEK"},
     {&kEfiImageSecurityDatabase, "db"},
     {&kEfiImageSecurityDatabase, "dbx"}}};

struct DatabaseEntry {
  Uuid type;
  ByteSpan signature_data;  // EFI_SIGNATURE_DATA: owner, then the contents
};

// EFI_SIGNATURE_LIST, UEFI 2.10, section 32.4.1.
Result<std::vector<DatabaseEntry>> ParseDatabase(ByteSpan bytes) {
  std::vector<DatabaseEntry> entries;
  ByteReader r("signature database db", bytes);
  while (r.ok() && r.remaining() > 0) {
    const Uuid type = UuidFromGuidBytes(r.Array<16>("signature type"));
    const uint32_t list_bytes = r.U32Le("list size");
    const uint32_t header_bytes = r.U32Le("header size");
    const uint32_t entry_bytes = r.U32Le("signature size");
    if (r.ok() && (entry_bytes <= kOwnerBytes || list_bytes < 28)) {
      r.Fail("signature size", "a list too small for its header or its owner");
    }
    if (!r.ok()) break;
    ByteReader list = r.Sub("signature list", list_bytes - 28);
    list.Skip("header", header_bytes);
    while (list.ok() && list.remaining() > 0) {
      entries.push_back({type, list.Take("signature", entry_bytes)});
    }
    TALLY_TRY(r.status());
    TALLY_TRY(list.status());
  }
  TALLY_TRY(r.status());
  return entries;
}

ByteSpan DataOf(const std::vector<EfiStoredVariable>& variables,
                const Uuid& vendor, std::string_view name) {
  const EfiStoredVariable* variable = FindEfiVariable(variables, vendor, name);
  return variable == nullptr ? ByteSpan() : variable->data;
}

BootEvent PolicyEvent(std::span<const HashAlgorithm> banks, const Uuid& vendor,
                      std::string_view name, ByteSpan data) {
  return HashedEvent(banks, kPcrSecureBoot, kEvEfiVariableDriverConfig,
                     "variable " + std::string(name),
                     EfiVariableData(vendor, name, data));
}

bool Contains(ByteSpan haystack, ByteSpan needle) {
  // Not std::ranges::search: Clang 14 does not compile libstdc++'s subrange.
  return std::search(haystack.begin(), haystack.end(), needle.begin(),
                     needle.end()) != haystack.end();
}

// Allows says whether firmware finds the entry when it looks for what lets the
// image run.
bool Allows(const DatabaseEntry& entry, const Pe& image) {
  const ByteSpan contents = entry.signature_data.subspan(kOwnerBytes);
  if (entry.type == kX509) {
    return std::ranges::any_of(image.certificates,
                               [&](const PeCertificate& certificate) {
                                 return Contains(certificate.data, contents);
                               });
  }
  return entry.type == kSha256 &&
         std::ranges::equal(
             contents,
             PeImageDigest(image, HashAlgorithm::kSha256, PePadding::kAsIs));
}

}  // namespace

SecureBootState SecureBootStateOf(
    const std::vector<EfiStoredVariable>& variables,
    SecureBootSupport support) {
  if (support == SecureBootSupport::kNone ||
      DataOf(variables, kEfiGlobalVariable, "PK").empty()) {
    return SecureBootState::kOff;
  }
  // Without the switch firmware creates it, set.
  const ByteSpan enable =
      DataOf(variables, kSecureBootEnable, "SecureBootEnable");
  const bool is_off = enable.size() == 1 && enable[0] == 0;
  return is_off ? SecureBootState::kOff : SecureBootState::kOn;
}

std::vector<BootEvent> SecureBootPolicyEvents(
    std::span<const HashAlgorithm> banks,
    const std::vector<EfiStoredVariable>& variables,
    SecureBootSupport support) {
  const bool is_on =
      SecureBootStateOf(variables, support) == SecureBootState::kOn;
  Bytes state;
  if (support == SecureBootSupport::kBuiltIn) state.push_back(is_on ? 1 : 0);
  std::vector<BootEvent> events = {
      PolicyEvent(banks, kEfiGlobalVariable, "SecureBoot", state)};
  for (const PolicyVariable& policy : kPolicy) {
    events.push_back(
        PolicyEvent(banks, *policy.vendor, policy.name,
                    DataOf(variables, *policy.vendor, policy.name)));
  }
  // "dbt" is measured only if it is there.
  const ByteSpan dbt = DataOf(variables, kEfiImageSecurityDatabase, "dbt");
  if (!dbt.empty()) {
    events.push_back(PolicyEvent(banks, kEfiImageSecurityDatabase, "dbt", dbt));
  }
  return events;
}

Result<BootEvent> SecureBootAuthorityEvent(
    std::span<const HashAlgorithm> banks,
    const std::vector<EfiStoredVariable>& variables, const Pe& image) {
  TALLY_ASSIGN(
      const std::vector<DatabaseEntry> entries,
      ParseDatabase(DataOf(variables, kEfiImageSecurityDatabase, "db")));
  for (const DatabaseEntry& entry : entries) {
    if (!Allows(entry, image)) continue;
    return HashedEvent(
        banks, kPcrSecureBoot, kEvEfiVariableAuthority,
        "entry of db that allows the image",
        EfiVariableData(kEfiImageSecurityDatabase, "db", entry.signature_data));
  }
  if (image.certificates.empty()) {
    return InputError(
        "Secure Boot is on, and the image has neither a signature nor its "
        "digest in db");
  }
  return InputError(
      "Secure Boot is on, and no certificate of db is in the image's "
      "signature");
}

}  // namespace tally
