// Structures: TCG PC Client Platform Firmware Profile 1.06, section 10.2.1
// (TCG_PCClientPCREvent), 10.2.2 (TCG_PCR_EVENT2), 10.4.5.1
// (TCG_EfiSpecIdEvent). What firmware leaves open is decided as Linux does,
// include/linux/tpm_eventlog.h: an event may have fewer digests than the header
// has algorithms, never one that the header does not name.
#include "formats/event_log.h"

#include <algorithm>
#include <array>

#include "common/text.h"
#include "formats/tcg_event_types.h"

namespace tally {
namespace {

// With its NUL.
constexpr std::string_view kSpecId03("Spec ID Event03\0", 16);
constexpr uint64_t kSha1Bytes = 20;
// More than the TCG has registered for hashing; bounds the header alone.
constexpr uint32_t kMaxAlgorithms = 16;
// UINT8 vendorInfoSize.
constexpr uint64_t kMaxVendorInfoBytes = 0xff;

struct AlgorithmFacts {
  uint16_t id;
  std::string_view name;
  uint16_t digest_size_bytes;
  std::optional<HashAlgorithm> hash;
};

// TCG Algorithm Registry 1.34, section 6.10, table 24.
constexpr std::array<AlgorithmFacts, 8> kAlgorithmFacts = {{
    {kTpmAlgSha1, "sha1", 20, HashAlgorithm::kSha1},
    {kTpmAlgSha256, "sha256", 32, HashAlgorithm::kSha256},
    {kTpmAlgSha384, "sha384", 48, HashAlgorithm::kSha384},
    {kTpmAlgSha512, "sha512", 64, HashAlgorithm::kSha512},
    {0x12, "sm3_256", 32, std::nullopt},
    {0x27, "sha3_256", 32, std::nullopt},
    {0x28, "sha3_384", 48, std::nullopt},
    {0x29, "sha3_512", 64, std::nullopt},
}};

const AlgorithmFacts* FindFacts(uint16_t id) {
  const auto found =
      std::ranges::find(kAlgorithmFacts, id, &AlgorithmFacts::id);
  return found == kAlgorithmFacts.end() ? nullptr : &*found;
}

const EventLogAlgorithm* FindAlgorithm(
    const std::vector<EventLogAlgorithm>& algorithms, uint16_t id) {
  const auto found = std::ranges::find(algorithms, id, &EventLogAlgorithm::id);
  return found == algorithms.end() ? nullptr : &*found;
}

bool IsAll(ByteSpan bytes, uint8_t value) {
  return std::ranges::all_of(bytes, [&](uint8_t b) { return b == value; });
}

// PaddingOf returns what `rest` is if it is nothing but padding.
std::optional<EventLogPadding> PaddingOf(ByteSpan rest) {
  if (rest.empty()) return EventLogPadding{};
  const uint8_t first = rest.front();
  if (first != 0x00 && first != 0xff) return std::nullopt;
  if (!IsAll(rest, first)) return std::nullopt;
  return EventLogPadding{.byte = first, .size_bytes = rest.size()};
}

// Why an algorithm of the header is none; empty if it is one.
std::string WhyNotAlgorithm(const EventLogAlgorithm& algorithm) {
  if (algorithm.digest_size_bytes == 0) {
    return "found 0 for " + TpmAlgorithmName(algorithm.id) +
           ", expected at least 1";
  }
  const AlgorithmFacts* facts = FindFacts(algorithm.id);
  if (facts == nullptr ||
      facts->digest_size_bytes == algorithm.digest_size_bytes) {
    return "";
  }
  return "found " + std::to_string(algorithm.digest_size_bytes) + " for " +
         TpmAlgorithmName(algorithm.id) + ", expected " +
         std::to_string(facts->digest_size_bytes);
}

std::vector<EventLogAlgorithm> ReadAlgorithms(ByteReader& r) {
  std::vector<EventLogAlgorithm> algorithms;
  const uint64_t count = r.Count(
      "number of algorithms", r.U32Le("number of algorithms"), kMaxAlgorithms);
  if (count == 0) {
    r.Fail("number of algorithms", "found 0, expected at least 1");
  }
  for (uint64_t i = 0; i < count && r.ok(); ++i) {
    EventLogAlgorithm algorithm;
    algorithm.id = r.U16Le("algorithm");
    if (r.ok() && FindAlgorithm(algorithms, algorithm.id) != nullptr) {
      r.Fail("algorithm", TpmAlgorithmName(algorithm.id) + " is there twice");
    }
    algorithm.digest_size_bytes = r.U16Le("digest size");
    if (const std::string why = WhyNotAlgorithm(algorithm); !why.empty()) {
      r.Fail("digest size", why);
    }
    algorithms.push_back(algorithm);
  }
  return algorithms;
}

// ReadSpecId reads TCG_EfiSpecIdEvent, from the data of the first event.
Result<SpecIdEvent> ReadSpecId(const LoggedEvent& event, uint64_t offset) {
  ByteReader r("event log header", event.data, offset);
  SpecIdEvent spec_id;
  spec_id.register_index = event.register_index;
  r.Skip("signature", kSpecId03.size());
  spec_id.platform_class = r.U32Le("platform class");
  spec_id.version_minor = r.U8("minor version");
  spec_id.version_major = r.U8("major version");
  spec_id.errata = r.U8("errata");
  spec_id.uintn_size = r.U8("uintn size");
  spec_id.algorithms = ReadAlgorithms(r);
  spec_id.vendor_info =
      ToBytes(r.Take("vendor info", r.U8("vendor info size")));
  TALLY_TRY(r.Finish());
  return spec_id;
}

// ReadSha1Event reads TCG_PCClientPCREvent.
LoggedEvent ReadSha1Event(ByteReader& r) {
  LoggedEvent event;
  event.offset = r.offset();
  event.register_index = r.U32Le("register");
  event.type = r.U32Le("event type");
  event.digests = {{kTpmAlgSha1, ToBytes(r.Take("digest", kSha1Bytes))}};
  event.data = ToBytes(r.Take("event data", r.U32Le("event size")));
  return event;
}

// ReadDigests reads TPML_DIGEST_VALUES.
std::vector<EventLogDigest> ReadDigests(
    ByteReader& r, const std::vector<EventLogAlgorithm>& algorithms) {
  std::vector<EventLogDigest> digests;
  const uint64_t count =
      r.Count("digest count", r.U32Le("digest count"), algorithms.size());
  if (count == 0) r.Fail("digest count", "found 0, expected at least 1");
  for (uint64_t i = 0; i < count && r.ok(); ++i) {
    EventLogDigest digest;
    digest.algorithm = r.U16Le("digest algorithm");
    const EventLogAlgorithm* algorithm =
        FindAlgorithm(algorithms, digest.algorithm);
    if (algorithm == nullptr) {
      r.Fail("digest algorithm",
             TpmAlgorithmName(digest.algorithm) + " is not in the header");
      break;
    }
    if (std::ranges::find(digests, digest.algorithm,
                          &EventLogDigest::algorithm) != digests.end()) {
      r.Fail("digest algorithm",
             TpmAlgorithmName(digest.algorithm) + " is there twice");
    }
    digest.digest = ToBytes(r.Take("digest", algorithm->digest_size_bytes));
    digests.push_back(std::move(digest));
  }
  return digests;
}

// ReadEvent2 reads TCG_PCR_EVENT2.
LoggedEvent ReadEvent2(ByteReader& r,
                       const std::vector<EventLogAlgorithm>& algorithms) {
  LoggedEvent event;
  event.offset = r.offset();
  event.register_index = r.U32Le("register");
  event.type = r.U32Le("event type");
  event.digests = ReadDigests(r, algorithms);
  event.data = ToBytes(r.Take("event data", r.U32Le("event size")));
  return event;
}

bool IsSpecId03(const LoggedEvent& event) {
  return event.type == kEvNoAction && event.data.size() >= kSpecId03.size() &&
         AsText(event.data).starts_with(kSpecId03);
}

// ReadHeader reads the first event; it goes into `log` as what it is.
Status ReadHeader(ByteReader& r, EventLog* log) {
  LoggedEvent event = ReadSha1Event(r);
  TALLY_TRY(r.status());
  if (!IsSpecId03(event)) {
    log->events.push_back(std::move(event));
    return Ok();
  }
  if (!IsAll(event.digests.front().digest, 0)) {
    return InputError("event log header: digest at " +
                      HexNumber(event.offset + 8) + ": found " +
                      Hex(event.digests.front().digest) + ", expected zeros");
  }
  TALLY_ASSIGN(log->spec_id, ReadSpecId(event, r.offset() - event.data.size()));
  return Ok();
}

Error TooLong(std::string_view what, uint64_t size_bytes) {
  return InputError("event log: " + std::string(what) + " has " +
                    std::to_string(size_bytes) +
                    " bytes, more than its size field holds");
}

Result<Bytes> EncodeSpecId(const SpecIdEvent& spec_id) {
  if (spec_id.vendor_info.size() > kMaxVendorInfoBytes) {
    return TooLong("vendor info", spec_id.vendor_info.size());
  }
  ByteWriter data;
  data.Text(kSpecId03).U32Le(spec_id.platform_class);
  data.U8(spec_id.version_minor).U8(spec_id.version_major);
  data.U8(spec_id.errata).U8(spec_id.uintn_size);
  data.U32Le(static_cast<uint32_t>(spec_id.algorithms.size()));
  for (const EventLogAlgorithm& algorithm : spec_id.algorithms) {
    data.U16Le(algorithm.id).U16Le(algorithm.digest_size_bytes);
  }
  data.U8(static_cast<uint8_t>(spec_id.vendor_info.size()));
  data.Raw(spec_id.vendor_info);
  ByteWriter w;
  w.U32Le(spec_id.register_index).U32Le(kEvNoAction).Zeros(kSha1Bytes);
  w.U32Le(static_cast<uint32_t>(data.size())).Raw(data.bytes());
  return std::move(w).Take();
}

void WriteEvent(const LoggedEvent& event, bool is_crypto_agile, ByteWriter* w) {
  w->U32Le(event.register_index).U32Le(event.type);
  if (is_crypto_agile) {
    w->U32Le(static_cast<uint32_t>(event.digests.size()));
  }
  for (const EventLogDigest& digest : event.digests) {
    if (is_crypto_agile) w->U16Le(digest.algorithm);
    w->Raw(digest.digest);
  }
  w->U32Le(static_cast<uint32_t>(event.data.size())).Raw(event.data);
}

// SameButOffsets compares what the bytes say.
bool SameButOffsets(const EventLog& a, const EventLog& b) {
  if (a.spec_id != b.spec_id || a.padding != b.padding) return false;
  return std::ranges::equal(
      a.events, b.events, [](const LoggedEvent& x, const LoggedEvent& y) {
        return x.register_index == y.register_index && x.type == y.type &&
               x.digests == y.digests && x.data == y.data;
      });
}

}  // namespace

std::optional<HashAlgorithm> HashOfTpmAlgorithm(uint16_t id) {
  const AlgorithmFacts* facts = FindFacts(id);
  return facts == nullptr ? std::nullopt : facts->hash;
}

uint16_t TpmAlgorithmOfHash(HashAlgorithm algorithm) {
  // The table begins with the four in the enum's order.
  return kAlgorithmFacts[static_cast<size_t>(algorithm)].id;
}

std::string TpmAlgorithmName(uint16_t id) {
  const AlgorithmFacts* facts = FindFacts(id);
  return facts == nullptr ? HexNumber(id) : std::string(facts->name);
}

Result<EventLog> ParseEventLog(ByteSpan file) {
  if (PaddingOf(file)) return InputError("event log: no event in it");
  ByteReader r("event log", file);
  EventLog log;
  TALLY_TRY(ReadHeader(r, &log));
  while (true) {
    const ByteSpan rest = file.last(r.remaining());
    if (const auto padding = PaddingOf(rest)) {
      log.padding = *padding;
      return log;
    }
    log.events.push_back(log.spec_id ? ReadEvent2(r, log.spec_id->algorithms)
                                     : ReadSha1Event(r));
    TALLY_TRY(r.status());
  }
}

Result<Bytes> EncodeEventLog(const EventLog& log) {
  ByteWriter w;
  if (log.spec_id) {
    TALLY_ASSIGN(const Bytes header, EncodeSpecId(*log.spec_id));
    w.Raw(header);
  }
  for (const LoggedEvent& event : log.events) {
    if (event.data.size() > UINT32_MAX) {
      return TooLong("event data", event.data.size());
    }
    WriteEvent(event, log.spec_id.has_value(), &w);
  }
  Bytes file = std::move(w).Take();
  file.insert(file.end(), log.padding.size_bytes, log.padding.byte);
  // One set of rules: what the reader would take for something else is refused.
  TALLY_ASSIGN(const EventLog again, ParseEventLog(file));
  if (!SameButOffsets(log, again)) {
    return InputError("event log: there is no file that reads like it");
  }
  return file;
}

std::vector<EventLogAlgorithm> EventLogAlgorithms(const EventLog& log) {
  if (log.spec_id) return log.spec_id->algorithms;
  return {{.id = kTpmAlgSha1, .digest_size_bytes = kSha1Bytes}};
}

const Bytes* FindLoggedDigest(const LoggedEvent& event, uint16_t algorithm) {
  const auto found =
      std::ranges::find(event.digests, algorithm, &EventLogDigest::algorithm);
  return found == event.digests.end() ? nullptr : &found->digest;
}

bool IsCcel(const EventLog& log) {
  constexpr uint32_t kLastRegister = 4;  // RTMR 3
  const std::vector<EventLogAlgorithm> algorithms = EventLogAlgorithms(log);
  return algorithms.size() == 1 && algorithms.front().id == kTpmAlgSha384 &&
         std::ranges::none_of(log.events, [](const LoggedEvent& event) {
           return event.type != kEvNoAction &&
                  event.register_index > kLastRegister;
         });
}

}  // namespace tally
