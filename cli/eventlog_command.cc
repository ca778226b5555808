// tally eventlog: what a machine's event log says.

#include "cli/eventlog_command.h"

#include <algorithm>
#include <set>

#include "cli/measure_answer.h"
#include "common/text.h"
#include "formats/tcg_event_data.h"
#include "formats/tcg_event_types.h"

namespace tally {
namespace {

// A CCEL has 64 KiB or 1 MiB; logs of TPMs are smaller.
constexpr uint64_t kMaxLogBytes = uint64_t{16} << 20;
constexpr size_t kShownDigits = 16;

std::string_view FormatName(LogRegisters registers) {
  return registers == LogRegisters::kPcrs ? "tcg" : "ccel";
}

// The register as the log counts: in a CCEL MRTD is 0 and RTMR 0 is 1.
std::string RegisterLabel(uint32_t index, LogRegisters registers) {
  if (registers == LogRegisters::kPcrs) return "PCR " + std::to_string(index);
  if (index == 0) return "MRTD";
  return "RTMR " + std::to_string(index - 1);
}

std::string Padded(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

// BanksOf returns the banks to show: those of --bank, or all of the log.
Result<std::vector<HashAlgorithm>> BanksOf(const EventLogFlags& flags,
                                           const EventLog& log) {
  TALLY_ASSIGN(std::vector<HashAlgorithm> wanted,
               ParseHashNames(flags.banks, "--bank"));
  std::vector<HashAlgorithm> there;
  for (const EventLogAlgorithm& algorithm : EventLogAlgorithms(log)) {
    const auto hash = HashOfTpmAlgorithm(algorithm.id);
    if (hash) there.push_back(*hash);
  }
  std::ranges::sort(there);
  if (wanted.empty()) return there;
  for (const HashAlgorithm bank : wanted) {
    if (std::ranges::find(there, bank) == there.end()) {
      return InputError("the log has no " + std::string(HashName(bank)) +
                        " digests");
    }
  }
  return wanted;
}

// ShownDigest returns the beginning of the SHA-256, which most people know, or
// else of the strongest digest that is wanted.
std::string ShownDigest(const LoggedEvent& event,
                        std::span<const HashAlgorithm> banks) {
  std::string shown = "-";
  for (const HashAlgorithm bank : banks) {
    const Bytes* digest = FindLoggedDigest(event, TpmAlgorithmOfHash(bank));
    if (digest == nullptr) continue;
    shown = Hex(*digest).substr(0, kShownDigits);
    if (bank == HashAlgorithm::kSha256) break;
  }
  return shown;
}

std::string EventsText(const OpenedLog& opened,
                       std::span<const HashAlgorithm> banks) {
  std::string text;
  for (const LoggedEvent& event : opened.log.events) {
    text += Padded(HexNumber(event.offset), 8) + " ";
    text += Padded(RegisterLabel(event.register_index, opened.registers), 6);
    text += " " + Padded(BootEventTypeName(event.type), 32) + " ";
    const bool is_extended = event.type != kEvNoAction;
    text += Padded(is_extended ? ShownDigest(event, banks) : "-", kShownDigits);
    text += "  " + ReadEventData(event.type, event.data).text + "\n";
    for (const std::string& note : EventNotes(event)) {
      text += "         note: " + note + "\n";
    }
  }
  return text;
}

Json EventRecord(const LoggedEvent& event, LogRegisters registers) {
  Json::Object digests;
  for (const EventLogDigest& digest : event.digests) {
    digests[TpmAlgorithmName(digest.algorithm)] = Hex(digest.digest);
  }
  Json::Array notes;
  for (const std::string& note : EventNotes(event)) notes.push_back(note);
  return Json::Object{
      {"data", Hex(event.data)},
      {"digests", std::move(digests)},
      {"notes", std::move(notes)},
      {"offset", event.offset},
      {"register", RegisterLabel(event.register_index, registers)},
      {"type", BootEventTypeName(event.type)},
      {"what", ReadEventData(event.type, event.data).text}};
}

// ReplayAnswer is the registers, as text and as a record.
struct ReplayAnswer {
  std::string text;
  Json registers;
};

ReplayAnswer AnswerReplay(const EventLogReplay& replay, LogRegisters registers,
                          std::span<const HashAlgorithm> banks) {
  std::map<uint32_t, std::string> lines;
  std::map<uint32_t, Json::Object> records;
  for (const HashAlgorithm bank : banks) {
    const auto replayed = replay.banks.find(bank);
    if (replayed == replay.banks.end()) continue;
    const std::string name(HashName(bank));
    for (const auto& [index, found] : replayed->second) {
      const std::string key = LogRegisterName(index, registers) + "." + name;
      if (found.value) {
        const std::string hex = Hex(found.value->value);
        lines[index] += key + "=" + hex + "\n";
        records[index][name] = RegisterRecord(name, hex, found.value->events);
      } else {
        lines[index] += key + ".why=" + found.why_not + "\n";
        records[index][name] = Json();
      }
    }
  }
  ReplayAnswer answer;
  Json::Object by_name;
  for (auto& [index, record] : records) {
    answer.text += lines[index];
    by_name[LogRegisterName(index, registers)] = std::move(record);
  }
  answer.registers = std::move(by_name);
  return answer;
}

Json AlgorithmsRecord(const EventLog& log) {
  Json::Array names;
  for (const EventLogAlgorithm& algorithm : EventLogAlgorithms(log)) {
    names.push_back(TpmAlgorithmName(algorithm.id));
  }
  return names;
}

}  // namespace

Result<OpenedLog> OpenEventLog(const fs::path& path,
                               const std::string& format) {
  if (format != "auto" && format != "tcg" && format != "ccel") {
    return UsageError("--format: found " + Quote(format) +
                      ", expected auto, tcg or ccel");
  }
  TALLY_ASSIGN(const Bytes file, ReadFile(path, kMaxLogBytes));
  Result<EventLog> log = ParseEventLog(file);
  if (!log) {
    return std::move(log).error().While("reading " + Quote(path.string()));
  }
  OpenedLog opened = {.log = std::move(*log)};
  const bool is_ccel =
      format == "ccel" || (format == "auto" && IsCcel(opened.log));
  if (is_ccel) opened.registers = LogRegisters::kRtmrs;
  return opened;
}

Result<std::vector<HashAlgorithm>> ParseHashNames(
    const std::vector<std::string>& names, const std::string& option) {
  std::set<HashAlgorithm> banks;
  for (const std::string& name : names) {
    const std::optional<HashAlgorithm> bank = FindHash(name);
    if (!bank) {
      return UsageError(option + ": found " + Quote(name) +
                        ", expected sha1, sha256, sha384 or sha512");
    }
    banks.insert(*bank);
  }
  return std::vector<HashAlgorithm>(banks.begin(), banks.end());
}

std::string LogRegisterName(uint32_t index, LogRegisters registers) {
  return (registers == LogRegisters::kPcrs ? "pcr" : "rtmr") +
         std::to_string(index);
}

Json BankRecord(const BankDigests& digests) {
  Json::Object record;
  for (const auto& [bank, digest] : digests) {
    record[std::string(HashName(bank))] = Hex(digest);
  }
  return record;
}

Status RunEventLog(const EventLogFlags& flags, Console& console) {
  TALLY_ASSIGN(const OpenedLog opened, OpenEventLog(flags.log, flags.format));
  TALLY_ASSIGN(const std::vector<HashAlgorithm> banks,
               BanksOf(flags, opened.log));
  std::vector<std::string> notes;
  if (opened.registers == LogRegisters::kPcrs) {
    notes = MissingSeparators(opened.log);
  }
  Json::Array events;
  for (const LoggedEvent& event : opened.log.events) {
    events.push_back(EventRecord(event, opened.registers));
  }
  ReplayAnswer replayed;
  if (flags.replay) {
    Result<EventLogReplay> replay =
        ReplayEventLog(opened.log, opened.registers);
    if (!replay) {
      return std::move(replay).error().While("replaying " +
                                             Quote(flags.log.string()));
    }
    replayed = AnswerReplay(*replay, opened.registers, banks);
  }
  std::string text = replayed.text;
  if (!flags.replay) {
    text = EventsText(opened, banks);
    for (const std::string& note : notes) text += "note: " + note + "\n";
  }
  console.Answer(
      text, Json::Object{{"algorithms", AlgorithmsRecord(opened.log)},
                         {"events", std::move(events)},
                         {"format", FormatName(opened.registers)},
                         {"notes", Json::Array(notes.begin(), notes.end())},
                         {"registers", std::move(replayed.registers)}});
  return Ok();
}

}  // namespace tally
