#include "attest/snp_certificates.h"

#include <algorithm>
#include <utility>

#include "attest/certificate_cache.h"
#include "attest/pem.h"
#include "common/text.h"

namespace tally {
namespace {

// AMD 57230, extensions of a VCEK certificate.
constexpr std::string_view kHardwareId = "1.3.6.1.4.1.3704.1.4";
constexpr std::string_view kProvider = "1.3.6.1.4.1.3704.1.5";

// X.690, tags of universal types.
constexpr uint8_t kInteger = 0x02;
constexpr uint8_t kOctetString = 0x04;
constexpr uint8_t kIa5String = 0x16;

constexpr size_t kHardwareIdBytes = 64;
constexpr size_t kTurinHardwareIdBytes = 8;

constexpr std::string_view kService = "https://kdsintf.amd.com/";

// Contents returns what a short DER value of this tag has, nothing else.
std::optional<Bytes> Contents(ByteSpan der, uint8_t tag) {
  if (der.size() < 2 || der[0] != tag || der[1] >= 0x80 ||
      der.size() != size_t{2} + der[1]) {
    return std::nullopt;
  }
  return ToBytes(der.subspan(2));
}

// SmallInteger accepts 0 to 255, in the one form that DER has for it.
std::optional<uint8_t> SmallInteger(ByteSpan der) {
  const std::optional<Bytes> contents = Contents(der, kInteger);
  if (!contents) return std::nullopt;
  if (contents->size() == 1 && contents->front() < 0x80) {
    return contents->front();
  }
  if (contents->size() == 2 && contents->front() == 0 &&
      contents->back() >= 0x80) {
    return contents->back();
  }
  return std::nullopt;
}

// Collector sorts what is found by the names that AMD gives.
class Collector {
 public:
  Collector(const AuthenticationInputs& inputs, SnpCertificates& found)
      : inputs_(inputs), found_(found) {}

  void AddTable(const std::vector<SnpCertificateEntry>& entries) {
    for (const SnpCertificateEntry& entry : entries) {
      if (entry.kind == SnpCertificateKind::kOther) continue;
      const std::string name = "certificate table: " +
                               std::string(SnpCertificateKindName(entry.kind));
      if (entry.kind == SnpCertificateKind::kCrl) {
        AddList(name, entry.contents, Currency::kNeeded);
      } else {
        AddCertificates(name, entry.contents);
      }
    }
  }

  void AddFile(const CollateralFile& file) {
    if (LooksLikePem(file.bytes) ||
        (!file.bytes.empty() && file.bytes[0] == kSequence)) {
      if (RevocationList::FromFile(file.bytes)) {
        AddList(Quote(file.name), file.bytes, Currency::kNotNeeded);
      } else {
        AddCertificates(Quote(file.name), file.bytes);
      }
    } else if (LooksLikeSnpCertificateTable(file.bytes)) {
      const auto table = ParseSnpCertificateTable(file.bytes);
      if (table) {
        AddTable(*table);
      } else {
        Ignore(Quote(file.name), table.error());
      }
    }
  }

 private:
  enum class Currency { kNeeded, kNotNeeded };
  static constexpr uint8_t kSequence = 0x30;

  void Ignore(const std::string& name, const Error& error) {
    found_.ignored.push_back(name + ": " + error.message());
  }

  void AddCertificates(const std::string& name, ByteSpan bytes) {
    const auto certificates = inputs_.certificates == nullptr
                                  ? Certificate::FromFile(bytes)
                                  : inputs_.certificates->FromFile(bytes);
    if (!certificates) {
      Ignore(name, certificates.error());
      return;
    }
    for (const Certificate& certificate : *certificates) Add(certificate);
  }

  void Add(const Certificate& certificate) {
    const std::string& subject = certificate.subject();
    const bool is_key = subject == SnpKeySubject(SnpSigningKey::kVcek) ||
                        subject == SnpKeySubject(SnpSigningKey::kVlek);
    if (!is_key && !subject.starts_with("SEV-") &&
        !subject.starts_with("ARK-")) {
      return;
    }
    std::vector<Certificate>& list = is_key ? found_.keys : found_.issuers;
    const bool is_there = std::ranges::any_of(list, [&](const Certificate& c) {
      return c.sha256() == certificate.sha256();
    });
    if (!is_there) list.push_back(certificate);
  }

  void AddList(const std::string& name, ByteSpan bytes, Currency currency) {
    const auto list = RevocationList::FromFile(bytes);
    if (!list) {
      Ignore(name, list.error());
      return;
    }
    const bool is_current =
        list->this_update() <= inputs_.at && inputs_.at <= list->next_update();
    if (currency == Currency::kNeeded && !is_current) {
      found_.ignored.push_back(name + ": the list of " + Quote(list->issuer()) +
                               " is not current");
      return;
    }
    found_.revocations.push_back(*list);
  }

  const AuthenticationInputs& inputs_;
  SnpCertificates& found_;
};

// The parameters of a request, in the order of the layout: "blSPL=3&…".
std::string TcbQuery(const SnpTcb& tcb, SnpProduct product) {
  const auto& layout = SnpTcbLayout(product);
  std::string query;
  for (size_t i = 0; i < tcb.size(); ++i) {
    if (layout[i].is_reserved) continue;
    std::string name(layout[i].name);
    if (name == "bootloader") name = "bl";
    if (name == "microcode") name = "ucode";
    query +=
        (query.empty() ? "?" : "&") + name + "SPL=" + std::to_string(tcb[i]);
  }
  return query;
}

}  // namespace

SnpCertificates CollectSnpCertificates(const SnpEvidence& evidence,
                                       const AuthenticationInputs& inputs) {
  SnpCertificates found;
  Collector collector(inputs, found);
  collector.AddTable(evidence.certificates);
  for (const CollateralFile& file : inputs.collateral) {
    collector.AddFile(file);
  }
  return found;
}

std::string_view SnpKeySubject(SnpSigningKey kind) {
  return kind == SnpSigningKey::kVlek ? "SEV-VLEK" : "SEV-VCEK";
}

std::string_view SnpKeyName(SnpSigningKey kind) {
  return SnpKeySubject(kind).substr(4);
}

std::string SnpIssuerName(SnpSigningKey kind, SnpProduct product) {
  return (kind == SnpSigningKey::kVlek ? "SEV-VLEK-" : "SEV-") +
         std::string(SnpProductName(product));
}

std::optional<SnpProduct> SnpProductOfKey(const Certificate& key,
                                          SnpSigningKey kind) {
  for (const SnpProduct product :
       {SnpProduct::kMilan, SnpProduct::kGenoa, SnpProduct::kTurin}) {
    if (key.issuer() == SnpIssuerName(kind, product)) return product;
  }
  return std::nullopt;
}

Status CheckSnpTcb(const Certificate& key, const SnpTcb& tcb,
                   SnpProduct product) {
  const auto& layout = SnpTcbLayout(product);
  for (size_t i = 0; i < tcb.size(); ++i) {
    const std::string name(layout[i].name);
    const std::optional<Bytes> extension = key.Extension(layout[i].oid);
    if (!extension) {
      return MismatchError("the certificate does not say its " + name +
                           " version (extension " + std::string(layout[i].oid) +
                           ")");
    }
    const std::optional<uint8_t> number = SmallInteger(*extension);
    if (!number) {
      return MismatchError("the certificate's " + name +
                           " version is malformed: " + Hex(*extension));
    }
    if (*number != tcb[i]) {
      return MismatchError("the certificate is for " + name + " " +
                           std::to_string(*number) + ", the report has " +
                           std::to_string(tcb[i]));
    }
  }
  return Ok();
}

std::optional<Bytes> SnpHardwareId(const Certificate& key) {
  std::optional<Bytes> id = key.Extension(kHardwareId);
  if (!id) return std::nullopt;
  // Older certificates have the bytes as they are, newer ones an OCTET STRING.
  if (id->size() == kHardwareIdBytes || id->size() == kTurinHardwareIdBytes) {
    return id;
  }
  return Contents(*id, kOctetString);
}

std::optional<std::string> SnpProvider(const Certificate& key) {
  const std::optional<Bytes> extension = key.Extension(kProvider);
  if (!extension) return std::nullopt;
  const std::optional<Bytes> text = Contents(*extension, kIa5String);
  return std::string(AsText(text ? *text : *extension));
}

std::string SnpVcekLocation(const SnpReport& report, SnpProduct product) {
  const size_t id_bytes =
      product == SnpProduct::kTurin ? kTurinHardwareIdBytes : kHardwareIdBytes;
  return std::string(kService) + "vcek/v1/" +
         std::string(SnpProductName(product)) + "/" +
         Hex(ByteSpan(report.chip_id).first(id_bytes)) +
         TcbQuery(report.reported_tcb, product);
}

std::string SnpChainLocation(SnpSigningKey kind, SnpProduct product) {
  return std::string(kService) +
         (kind == SnpSigningKey::kVlek ? "vlek" : "vcek") + "/v1/" +
         std::string(SnpProductName(product)) + "/cert_chain";
}

}  // namespace tally
