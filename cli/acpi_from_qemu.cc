#include "cli/acpi_from_qemu.h"

#include <algorithm>
#include <map>

#include "common/process.h"
#include "common/text.h"
#include "formats/acpi_tables.h"

namespace tally {
namespace {

// A stopped machine answers within a second, on a slow host with much memory
// within a few.
constexpr unsigned kMaxSeconds = 120;

// docs/specs/fw_cfg.rst: registers of the DMA interface, the directory's key,
// bits of the control field.
constexpr uint32_t kDmaAddressHigh = 0x514;
constexpr uint32_t kDmaAddressLow = 0x518;
constexpr uint16_t kDirectoryKey = 0x19;
constexpr uint32_t kDmaRead = 0x02;
constexpr uint32_t kDmaSelect = 0x08;
constexpr uint64_t kDirectoryEntryBytes = 64;
constexpr uint64_t kMaxDirectoryEntries = 128;
constexpr uint64_t kMaxFwCfgFileBytes = uint64_t{4} << 20;

// Where the request and the answers lie in the guest's memory: it runs nothing
// that could need them.
constexpr uint32_t kRequestAddress = 0x80000;
constexpr uint32_t kAnswerAddress = 0x100000;

// PCI: configuration ports; the host bridge's PCIEXBAR (Intel 3 Series chipset
// datasheet, section 5.1.13); the LPC bridge's PMBASE and ACPI_CNTL (ICH9
// datasheet, sections 13.1.13 and 13.1.14).
constexpr uint32_t kPciAddress = 0xcf8;
constexpr uint32_t kPciData = 0xcfc;
constexpr uint32_t kPciDevices = 32;
constexpr uint32_t kPciCommand = 0x04;
constexpr uint32_t kPciCommandMemory = 0x2;
constexpr uint32_t kPciHeaderType = 0x0c;
constexpr uint32_t kPciFirstBar = 0x10;
constexpr uint32_t kPciBars = 6;
constexpr uint32_t kPciExBar = 0x60;
constexpr uint32_t kLpcDevice = 0x1f;
constexpr uint32_t kPmBase = 0x40;
constexpr uint32_t kAcpiControl = 0x44;
// edk2 OvmfPkg/Include/IndustryStandard/Q35MchIch9.h and PlatformInitLib.
constexpr uint32_t kIch9PmBaseValue = 0x600;
constexpr uint32_t kAcpiEnable = 0x80;

// A reset that -no-reboot turns into the end: the reset control register.
constexpr uint32_t kResetControl = 0xcf9;

// Conversation is a list of qtest commands that QEMU answers line by line.
class Conversation {
 public:
  // Out and the others return the answer's number.
  size_t Out(char size, uint32_t port, uint64_t value) {
    return Add(std::string("out") + size + " " + HexNumber(port) + " " +
               HexNumber(value));
  }
  size_t In32(uint32_t port) { return Add("inl " + HexNumber(port)); }

  size_t PciOut32(uint32_t device, uint32_t offset, uint64_t value) {
    SelectPci(device, offset);
    return Out('l', kPciData, value);
  }
  size_t PciOut8(uint32_t device, uint32_t offset, uint64_t value) {
    SelectPci(device, offset);
    return Out('b', kPciData, value);
  }
  size_t PciIn32(uint32_t device, uint32_t offset) {
    SelectPci(device, offset);
    return In32(kPciData);
  }

  // ReadConfig reads the beginning of a fw_cfg file.
  size_t ReadConfig(uint16_t key, uint64_t size_bytes) {
    ByteWriter request;
    request.U32Be(uint32_t{key} << 16 | kDmaSelect | kDmaRead);
    request.U32Be(static_cast<uint32_t>(size_bytes)).U64Be(kAnswerAddress);
    Add("write " + HexNumber(kRequestAddress) + " " +
        HexNumber(request.size()) + " 0x" + Hex(request.bytes()));
    // The registers are big-endian, ports are not.
    ByteWriter address;
    address.U32Be(kRequestAddress);
    ByteReader swapped("address", address.bytes());
    Out('l', kDmaAddressHigh, 0);
    Out('l', kDmaAddressLow, swapped.U32Le("low"));
    return Add("read " + HexNumber(kAnswerAddress) + " " +
               HexNumber(size_bytes));
  }

  std::string Text() const {
    std::string text;
    for (const std::string& line : lines_) text += line + "\n";
    return text + "outb " + HexNumber(kResetControl) + " 0x2\noutb " +
           HexNumber(kResetControl) + " 0x6\n";
  }
  const std::string& line(size_t number) const { return lines_.at(number); }
  size_t size() const { return lines_.size(); }

 private:
  void SelectPci(uint32_t device, uint32_t offset) {
    Out('l', kPciAddress, 0x80000000u | device << 11 | offset);
  }
  size_t Add(std::string line) {
    lines_.push_back(std::move(line));
    return lines_.size() - 1;
  }

  std::vector<std::string> lines_;
};

// Answers are what QEMU said to each command.
class Answers {
 public:
  static Result<Answers> Parse(const Conversation& conversation,
                               std::string_view text) {
    Answers answers;
    for (const std::string& line : Split(text, '\n')) {
      const size_t number = answers.values_.size();
      if (line.empty() || number == conversation.size()) continue;
      if (line.starts_with("IRQ ")) continue;
      if (line != "OK" && !line.starts_with("OK ")) {
        return ToolError("qemu: to " + Quote(conversation.line(number)) +
                         " found " + Quote(line.substr(0, 80)) +
                         ", expected 'OK'");
      }
      answers.values_.push_back(line.size() > 3 ? line.substr(3) : "");
    }
    if (answers.values_.size() == conversation.size()) return answers;
    return ToolError("qemu answered " + std::to_string(answers.values_.size()) +
                     " of " + std::to_string(conversation.size()) +
                     " commands");
  }

  Result<uint64_t> Number(size_t number) const {
    return ParseUnsigned(values_.at(number));
  }
  Result<Bytes> Data(size_t number) const {
    std::string_view digits = values_.at(number);
    if (digits.starts_with("0x")) digits.remove_prefix(2);
    return ParseHex(digits);
  }

 private:
  std::vector<std::string> values_;
};

Result<Answers> Talk(const QemuMachine& machine,
                     const Conversation& conversation) {
  const std::string memory_bytes = std::to_string(machine.memory_bytes) + "B";
  std::string options = "q35,accel=tcg,memory-backend=memory";
  if (!machine.machine_options.empty())
    options += "," + machine.machine_options;
  Tool tool{
      .program = machine.program,
      .args = {"-no-user-config", "-nodefaults", "-display", "none",
               // The tables have no trace of the backend. It takes no
               // memory of the host before it is written to.
               "-object",
               "memory-backend-ram,id=memory,reserve=off,size=" + memory_bytes,
               "-machine", options, "-m", memory_bytes,
               // Above 1 TiB QEMU moves the memory of AMD's processors.
               "-cpu", "qemu64,vendor=GenuineIntel,phys-bits=52", "-smp",
               std::to_string(machine.vcpus)},
      .stdin_text = conversation.Text(),
      .max_seconds = kMaxSeconds};
  tool.args.insert(tool.args.end(), machine.args.begin(), machine.args.end());
  for (const char* arg :
       {"-qtest", "stdio", "-qtest-log", "none", "-no-reboot", "-S"}) {
    tool.args.emplace_back(arg);
  }
  TALLY_ASSIGN(const ToolOutput output, RunTool(tool));
  TALLY_TRY(RequireSuccess(tool, output));
  return Answers::Parse(conversation, output.stdout_text);
}

struct ConfigFile {
  uint16_t key = 0;
  uint64_t size_bytes = 0;
};
using Directory = std::map<std::string, ConfigFile>;

Result<Directory> ParseDirectory(ByteSpan bytes) {
  ByteReader r("fw_cfg directory", bytes);
  const uint64_t count =
      r.Count("count", r.U32Be("count"), kMaxDirectoryEntries);
  Directory directory;
  for (uint64_t i = 0; i < count && r.ok(); ++i) {
    ConfigFile file;
    file.size_bytes = r.U32Be("size");
    file.key = r.U16Be("key");
    r.Skip("reserved", 2);
    const std::string_view name = AsText(r.Take("name", 56));
    directory[std::string(name.substr(0, name.find('\0')))] = file;
  }
  TALLY_TRY(r.status());
  return directory;
}

// HighBar is where a device says at what address above 4 GiB it answers.
struct HighBar {
  uint32_t device = 0;
  uint32_t offset = 0;
};

// Survey is what the first conversation finds: fw_cfg's files and the first
// device on the root bus that can go above 4 GiB.
struct Survey {
  Directory directory;
  std::optional<HighBar> high_bar;
};

Result<std::optional<HighBar>> FindHighBar(
    const Answers& answers,
    const std::vector<std::pair<size_t, std::vector<size_t>>>& devices) {
  for (uint32_t device = 0; device < devices.size(); ++device) {
    TALLY_ASSIGN(const uint64_t header, answers.Number(devices[device].first));
    // Bits 16 to 22: only devices have six registers, bridges have two.
    if ((header >> 16 & 0x7f) != 0) continue;
    for (uint32_t i = 0; i + 1 < kPciBars; ++i) {
      TALLY_ASSIGN(const uint64_t bar,
                   answers.Number(devices[device].second[i]));
      // PCI Local Bus 3.0, section 6.2.5.1: memory, anywhere in 64 bits.
      if ((bar & 7) != 4) continue;
      return std::optional<HighBar>(
          HighBar{.device = device, .offset = kPciFirstBar + 4 * i});
    }
  }
  return std::optional<HighBar>();
}

Result<Survey> SurveyMachine(const QemuMachine& machine) {
  Conversation conversation;
  const size_t directory = conversation.ReadConfig(
      kDirectoryKey, 4 + kMaxDirectoryEntries * kDirectoryEntryBytes);
  std::vector<std::pair<size_t, std::vector<size_t>>> devices;
  for (uint32_t device = 0; device < kPciDevices; ++device) {
    auto& [header, bars] = devices.emplace_back();
    header = conversation.PciIn32(device, kPciHeaderType);
    for (uint32_t i = 0; i < kPciBars; ++i) {
      bars.push_back(conversation.PciIn32(device, kPciFirstBar + 4 * i));
    }
  }
  TALLY_ASSIGN(const Answers answers, Talk(machine, conversation));
  TALLY_ASSIGN(const Bytes listing, answers.Data(directory));
  Survey survey;
  TALLY_ASSIGN(survey.directory, ParseDirectory(listing));
  TALLY_ASSIGN(survey.high_bar, FindHighBar(answers, devices));
  return survey;
}

// SetChipset does what firmware has done when it reads the tables: QEMU makes
// them at that moment.
Status SetChipset(const QemuMachine& machine, const Survey& survey,
                  Conversation* conversation) {
  conversation->PciOut32(0, kPciExBar + 4, machine.ecam >> 32);
  conversation->PciOut32(0, kPciExBar, (machine.ecam & 0xffffffff) | 1);
  conversation->PciOut32(kLpcDevice, kPmBase, kIch9PmBaseValue);
  conversation->PciOut8(kLpcDevice, kAcpiControl, kAcpiEnable);
  if (!survey.high_bar) return Ok();
  const HighBar& bar = *survey.high_bar;
  if (!machine.mmio64) {
    return InputError("PCI device " + std::to_string(bar.device) +
                      " can go above 4 GiB, where firmware's choice of a place "
                      "is in the tables")
        .Hint(
            "--acpi-mmio64 says where: 0x380000000000 if the guest's "
            "processors have 46 bits of physical address");
  }
  conversation->PciOut32(bar.device, bar.offset + 4, *machine.mmio64 >> 32);
  conversation->PciOut32(bar.device, bar.offset, *machine.mmio64 & 0xffffffff);
  conversation->PciOut32(bar.device, kPciCommand, kPciCommandMemory);
  return Ok();
}

}  // namespace

Result<AcpiTables> AskQemuForAcpi(const QemuMachine& machine) {
  TALLY_ASSIGN(const Survey survey, SurveyMachine(machine));
  Conversation conversation;
  TALLY_TRY(SetChipset(machine, survey, &conversation));
  std::vector<size_t> numbers;
  for (const char* name :
       {"etc/table-loader", "etc/acpi/rsdp", "etc/acpi/tables"}) {
    const auto file = survey.directory.find(name);
    if (file == survey.directory.end() ||
        file->second.size_bytes > kMaxFwCfgFileBytes) {
      return ToolError(std::string("qemu has no file '") + name +
                       "' of a usual size");
    }
    numbers.push_back(
        conversation.ReadConfig(file->second.key, file->second.size_bytes));
  }
  TALLY_ASSIGN(const Answers answers, Talk(machine, conversation));
  AcpiTables tables{.source = BootSource::kPredicted};
  TALLY_ASSIGN(tables.loader, answers.Data(numbers[0]));
  TALLY_ASSIGN(tables.rsdp, answers.Data(numbers[1]));
  TALLY_ASSIGN(tables.tables, answers.Data(numbers[2]));
  return tables;
}

Result<std::string> QemuVersion(const fs::path& program) {
  const Tool tool{.program = program, .args = {"--version"}, .max_seconds = 10};
  TALLY_ASSIGN(const ToolOutput output, RunTool(tool));
  TALLY_TRY(RequireSuccess(tool, output));
  return Split(output.stdout_text, '\n').front();
}

}  // namespace tally
