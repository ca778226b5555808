#include "manifests/target_reader.h"

#include "common/text.h"

namespace tally {
namespace {

constexpr uint64_t kMaxVcpus = 512;
constexpr uint64_t kMaxFailedBootOptions = 64;

std::vector<uint32_t> ReadVcpus(YamlReader& reader, const YamlNode& node) {
  std::vector<uint32_t> vcpus;
  for (const YamlNode& item : reader.Items(node)) {
    const auto count = static_cast<uint32_t>(reader.Number(item, 1, kMaxVcpus));
    if (!vcpus.empty() && count <= vcpus.back()) {
      reader.RefuseFound(item, "more than " + std::to_string(vcpus.back()) +
                                   ", the vCPU count before it");
    }
    vcpus.push_back(count);
  }
  if (vcpus.empty()) {
    reader.Refuse(node.where, "found no vCPU counts, expected one or more");
  }
  return vcpus;
}

// OneOrMore returns the node itself, or the items of a list, none twice.
std::vector<YamlNode> OneOrMore(YamlReader& reader, const YamlNode& node) {
  if (node.kind != YamlKind::kList) return {node};
  const std::vector<YamlNode>& items = reader.Items(node);
  if (items.empty()) {
    reader.Refuse(node.where, "found an empty list, expected one or more");
  }
  for (size_t i = 1; i < items.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (items[i].kind == YamlKind::kScalar &&
          items[i].text == items[j].text) {
        reader.RefuseFound(items[i], "each once");
      }
    }
  }
  return items;
}

// ReadIgvm accepts true, false, or a map with the guest policy.
std::optional<uint64_t> ReadIgvm(YamlReader& reader, const YamlNode& node) {
  // What QEMU has if nothing is said: SMT, and the bit that must be one.
  constexpr uint64_t kDefaultPolicy = 0x30000;
  if (node.kind != YamlKind::kMap) {
    if (!reader.Flag(node)) return std::nullopt;
    return kDefaultPolicy;
  }
  YamlMap map(reader, node, "an IGVM file", {"policy"});
  return map.NumberOr("policy", 0, UINT64_MAX, kDefaultPolicy);
}

SevTarget ReadSnpTarget(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a target for sev-snp",
              {"name", "platform", "vmm", "vcpu_type", "vcpus",
               "guest_features", "igvm", "require_coverage"});
  SevTarget target{.platform = "sev-snp"};
  for (const YamlNode& vmm : OneOrMore(reader, map.Need("vmm"))) {
    target.vmms.push_back(reader.OneOf(vmm, {"qemu", "ec2", "gce", "krun"}));
  }
  for (const YamlNode& type : OneOrMore(reader, map.Need("vcpu_type"))) {
    target.vcpu_types.push_back(reader.Text(type, kVcpuType));
  }
  target.vcpus = ReadVcpus(reader, map.Need("vcpus"));
  if (const YamlNode* features = map.Find("guest_features")) {
    for (const YamlNode& set : OneOrMore(reader, *features)) {
      target.guest_features.push_back(reader.Number(set, 0, UINT64_MAX));
    }
  } else {
    target.guest_features = {1};
  }
  if (const YamlNode* igvm = map.Find("igvm")) {
    target.igvm_policy = ReadIgvm(reader, *igvm);
    for (const YamlNode& vmm : OneOrMore(reader, map.Need("vmm"))) {
      if (target.igvm_policy && vmm.text != "qemu") {
        reader.RefuseFound(vmm, "'qemu', since the target has 'igvm'");
      }
    }
  }
  return target;
}

SevTarget ReadSevEsTarget(YamlReader& reader, const YamlNode& node) {
  YamlMap map(
      reader, node, "a target for sev-es",
      {"name", "platform", "vmm", "vcpu_type", "vcpus", "require_coverage"});
  SevTarget target{.platform = "sev-es", .guest_features = {0}};
  target.vmms.push_back(reader.OneOf(map.Need("vmm"), {"qemu"}));
  for (const YamlNode& type : OneOrMore(reader, map.Need("vcpu_type"))) {
    target.vcpu_types.push_back(reader.Text(type, kVcpuType));
  }
  target.vcpus = ReadVcpus(reader, map.Need("vcpus"));
  return target;
}

SevTarget ReadPlainSevTarget(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a target for sev",
              {"name", "platform", "vmm", "require_coverage"});
  SevTarget target{
      .platform = "sev", .vcpu_types = {""}, .guest_features = {0}};
  target.vmms.push_back(reader.OneOf(map.Need("vmm"), {"qemu"}));
  return target;
}

NitroTarget ReadNitroTarget(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a target for nitro",
              {"name", "platform", "require_coverage"});
  return {};
}

constexpr uint64_t kMib = uint64_t{1} << 20;

// ReadMemory accepts sizes in M, G or T, ascending.
std::vector<uint64_t> ReadMemory(YamlReader& reader, const YamlNode& node) {
  std::vector<uint64_t> sizes;
  for (const YamlNode& item : OneOrMore(reader, node)) {
    const std::string text = reader.Text(item, kMemorySize);
    uint64_t size_bytes = 0;
    if (!text.empty()) {
      const Result<uint64_t> number =
          ParseUnsigned(text.substr(0, text.size() - 1));
      const unsigned shift =
          text.back() == 'M' ? 20 : (text.back() == 'G' ? 30 : 40);
      if (number) size_bytes = *number << shift;
    }
    if (!sizes.empty() && size_bytes <= sizes.back()) {
      reader.RefuseFound(item, "more than " +
                                   std::to_string(sizes.back() / kMib) +
                                   "M, the memory before it");
    }
    sizes.push_back(size_bytes);
  }
  return sizes;
}

// ReadPciPlace accepts "1.0": device and function on the root bus.
PciDevice ReadPciPlace(YamlReader& reader, const YamlNode& node) {
  const std::string text = reader.Text(node, kPciPlace);
  const std::vector<std::string> parts = Split(text, '.');
  if (parts.size() != 2) return {};
  return {.device = static_cast<uint8_t>(ParseUnsigned(parts[0]).value()),
          .function = static_cast<uint8_t>(ParseUnsigned(parts[1]).value())};
}

RuntimeEvent ReadRuntimeEvent(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "an event of RTMR 3",
              {"sha384", "dstack_event", "payload"});
  RuntimeEvent event;
  if (const YamlNode* digest = map.Find("sha384")) {
    event.sha384 = reader.Text(*digest, kSha384Hex);
  }
  if (const YamlNode* name = map.Find("dstack_event")) {
    event.dstack_event = reader.Text(*name, kPrintable);
  }
  if (const YamlNode* payload = map.Find("payload")) {
    event.payload_hex = reader.Text(*payload, kHexBytes);
  }
  if (event.sha384.has_value() == event.dstack_event.has_value()) {
    reader.Refuse(map.where(),
                  "found " + std::string(event.sha384 ? "both" : "neither") +
                      " of 'sha384' and 'dstack_event' in an event of RTMR 3, "
                      "expected one of them");
  }
  if (event.sha384 && event.payload_hex) {
    reader.Refuse(map.where(),
                  "found 'payload' beside 'sha384' in an event of RTMR 3, "
                  "expected it with 'dstack_event' only");
  }
  return event;
}

// ReadRuntimeEvents: no key is not the same as no events.
void ReadRuntimeEvents(YamlMap& map, TdxTarget* target) {
  if (map.Find("rtmr3") == nullptr) return;
  target->rtmr3 = map.ListOrNone("rtmr3", ReadRuntimeEvent);
}

TdxTarget ReadCloudTdxTarget(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a target for tdx in a cloud",
              {"name", "platform", "vmm", "rtmr3", "require_coverage"});
  TdxTarget target{.vmm = map.Text("vmm", kTargetName), .boot = "disk"};
  ReadRuntimeEvents(map, &target);
  return target;
}

TdxTarget ReadQemuTdxTarget(YamlReader& reader, const YamlNode& node) {
  YamlMap map(
      reader, node, "a target for tdx",
      {"name", "platform", "vmm", "qemu_version", "firmware_profile",
       "firmware_has_secure_boot", "page_order", "boot", "boot_disk_pci",
       "memory", "vcpus", "acpi", "rtmr3", "require_coverage"});
  TdxTarget target{
      .vmm = "qemu",
      .qemu_version = map.TextOr("qemu_version", kQemuVersion, "9.2"),
      .firmware_profile =
          map.TextOr("firmware_profile", kTargetName, "ovmf-2023.02"),
      .firmware_has_secure_boot = map.FlagOr("firmware_has_secure_boot", false),
      .memory = ReadMemory(reader, map.Need("memory")),
      .vcpus = ReadVcpus(reader, map.Need("vcpus"))};
  if (const YamlNode* order = map.Find("page_order")) {
    target.page_order = reader.OneOf(*order, {"single-pass", "two-pass"});
  }
  target.boot = reader.OneOf(map.Need("boot"), {"kernel", "uki", "disk"});
  if (const YamlNode* place = map.Find("boot_disk_pci")) {
    target.boot_disk = ReadPciPlace(reader, *place);
    if (target.boot != "disk") {
      reader.Refuse(place->where,
                    "found 'boot_disk_pci' in a target that boots no disk, "
                    "expected it with 'boot: disk' only");
    }
  }
  if (const YamlNode* acpi = map.Find("acpi")) {
    target.acpi = reader.Text(*acpi, kRelativePath);
  }
  ReadRuntimeEvents(map, &target);
  return target;
}

TdxTarget ReadTdxTarget(YamlReader& reader, const YamlNode& node,
                        YamlMap& map) {
  const std::string vmm =
      reader.OneOf(map.Need("vmm"), {"qemu", "gce", "azure"});
  return vmm == "gce" || vmm == "azure" ? ReadCloudTdxTarget(reader, node)
                                        : ReadQemuTdxTarget(reader, node);
}

TpmTarget ReadTpmTarget(YamlReader& reader, const YamlNode& node) {
  YamlMap map(
      reader, node, "a target for tpm",
      {"name", "platform", "firmware_profile", "secure_boot_support", "banks",
       "boot_disk_pci", "failed_boot_options", "phases", "require_coverage"});
  TpmTarget target{
      .firmware_profile = map.Text("firmware_profile", kTargetName),
      .failed_boot_options = static_cast<unsigned>(
          map.NumberOr("failed_boot_options", 0, kMaxFailedBootOptions, 0)),
      .phases = {}};
  if (const YamlNode* support = map.Find("secure_boot_support")) {
    target.secure_boot_support = reader.OneOf(*support, {"built-in", "none"});
  }
  if (const YamlNode* banks = map.Find("banks")) {
    for (const YamlNode& bank : OneOrMore(reader, *banks)) {
      target.banks.push_back(
          reader.OneOf(bank, {"sha1", "sha256", "sha384", "sha512"}));
    }
  } else {
    target.banks = {"sha256"};
  }
  if (const YamlNode* place = map.Find("boot_disk_pci")) {
    target.boot_disk = ReadPciPlace(reader, *place);
  }
  if (const YamlNode* phases = map.Find("phases")) {
    target.phases = reader.Texts(*phases, kTargetName);
  }
  return target;
}

}  // namespace

TargetSpec ReadTarget(YamlReader& reader, const YamlNode& node) {
  // The platform decides which other keys there are.
  YamlMap map(reader, node, "a target",
              {"name",
               "platform",
               "vmm",
               "vcpu_type",
               "vcpus",
               "guest_features",
               "igvm",
               "qemu_version",
               "firmware_profile",
               "firmware_has_secure_boot",
               "page_order",
               "boot",
               "boot_disk_pci",
               "memory",
               "acpi",
               "rtmr3",
               "secure_boot_support",
               "banks",
               "failed_boot_options",
               "phases",
               "require_coverage"});
  TargetSpec target = {.name = map.Text("name", kTargetName),
                       .where = map.where()};
  const std::string platform =
      reader.OneOf(map.Need("platform"),
                   {"sev-snp", "sev-es", "sev", "nitro", "tdx", "tpm"});
  if (platform == "sev-snp") target.sev = ReadSnpTarget(reader, node);
  if (platform == "sev-es") target.sev = ReadSevEsTarget(reader, node);
  if (platform == "sev") target.sev = ReadPlainSevTarget(reader, node);
  if (platform == "nitro") target.nitro = ReadNitroTarget(reader, node);
  if (platform == "tdx") target.tdx = ReadTdxTarget(reader, node, map);
  if (platform == "tpm") target.tpm = ReadTpmTarget(reader, node);
  if (const YamlNode* coverage = map.Find("require_coverage")) {
    target.require_full_coverage =
        reader.OneOf(*coverage, {"any", "full"}) == "full";
  }
  return target;
}

}  // namespace tally
