#include "formats/efi_device_path.h"

#include "common/text.h"
#include "formats/uuid.h"

namespace tally {
namespace {

constexpr uint8_t kEndType = 0x7f;
constexpr uint8_t kEndEntire = 0xff;
constexpr uint64_t kNodeHeaderBytes = 4;

// _HID of a PCI root bridge, PNP0A03, and of PCI Express, PNP0A08.
constexpr uint32_t kPciRoot = 0x0a0341d0;
constexpr uint32_t kPciExpressRoot = 0x0a0841d0;

struct DevicePathNode {
  uint8_t type = 0;
  uint8_t sub_type = 0;
  ByteSpan data;
};

std::string Hexed(uint64_t value) { return HexNumber(value); }

std::string GuidText(ByteReader& r) {
  return FormatUuid(UuidFromGuidBytes(r.Array<16>("guid")));
}

std::string UnknownNode(const DevicePathNode& node) {
  return "Path(" + std::to_string(node.type) + "," +
         std::to_string(node.sub_type) + "," + Hex(node.data) + ")";
}

// 1: hardware
std::string HardwareNode(const DevicePathNode& node, ByteReader& r) {
  switch (node.sub_type) {
    case 1: {
      const uint8_t function = r.U8("function");
      return "Pci(" + Hexed(r.U8("device")) + "," + Hexed(function) + ")";
    }
    case 3: {
      r.Skip("memory type", 4);
      const uint64_t start = r.U64Le("start");
      return "MemoryMapped(" + Hexed(start) + "," + Hexed(r.U64Le("end")) + ")";
    }
    case 4:
      return "VenHw(" + GuidText(r) + ")";
    default:
      return UnknownNode(node);
  }
}

// 2: ACPI
std::string AcpiNode(const DevicePathNode& node, ByteReader& r) {
  if (node.sub_type != 1) return UnknownNode(node);
  const uint32_t hid = r.U32Le("hid");
  const std::string uid = Hexed(r.U32Le("uid"));
  if (hid == kPciRoot) return "PciRoot(" + uid + ")";
  if (hid == kPciExpressRoot) return "PcieRoot(" + uid + ")";
  return "Acpi(" + Hexed(hid) + "," + uid + ")";
}

// 3: messaging
std::string MessagingNode(const DevicePathNode& node, ByteReader& r) {
  switch (node.sub_type) {
    case 2: {
      const uint16_t target = r.U16Le("target");
      return "Scsi(" + Hexed(target) + "," + Hexed(r.U16Le("lun")) + ")";
    }
    case 5: {
      const uint8_t port = r.U8("port");
      return "USB(" + Hexed(port) + "," + Hexed(r.U8("interface")) + ")";
    }
    case 10:
      return "VenMsg(" + GuidText(r) + ")";
    case 11:
      return "MAC(" + Hex(r.Take("address", 6)) + ")";
    case 12:
      return "IPv4()";
    case 13:
      return "IPv6()";
    case 18: {
      const uint16_t port = r.U16Le("port");
      r.Skip("multiplier", 2);
      return "Sata(" + Hexed(port) + "," + Hexed(r.U16Le("lun")) + ")";
    }
    case 23: {
      const uint32_t space = r.U32Le("namespace");
      return "NVMe(" + Hexed(space) + "," + Hex(r.Take("eui", 8)) + ")";
    }
    case 24:
      return "Uri(" + Quote(AsText(node.data)) + ")";
    default:
      return UnknownNode(node);
  }
}

std::string HardDrive(ByteReader& r) {
  const uint32_t number = r.U32Le("partition");
  r.Skip("start", 8);
  r.Skip("size", 8);
  const auto signature = r.Array<16>("signature");
  r.Skip("format", 1);
  const uint8_t kind = r.U8("signature type");
  constexpr uint8_t kGuidSignature = 2;
  const std::string name = std::to_string(number);
  if (kind != kGuidSignature) return "HD(" + name + ",MBR)";
  return "HD(" + name + ",GPT," + FormatUuid(UuidFromGuidBytes(signature)) +
         ")";
}

// 4: media
std::string MediaNode(const DevicePathNode& node, ByteReader& r) {
  switch (node.sub_type) {
    case 1:
      return HardDrive(r);
    case 2:
      return "CDROM(" + Hexed(r.U32Le("boot entry")) + ")";
    case 3:
      return "VenMedia(" + GuidText(r) + ")";
    case 4:
      return Utf16Text(node.data);
    case 6:
      return "FvFile(" + GuidText(r) + ")";
    case 7:
      return "Fv(" + GuidText(r) + ")";
    case 8: {
      r.Skip("reserved", 4);
      const uint64_t start = r.U64Le("start");
      return "Offset(" + Hexed(start) + "," + Hexed(r.U64Le("end")) + ")";
    }
    default:
      return UnknownNode(node);
  }
}

// NodeText shows a node; one that is too short for its kind by number.
std::string NodeText(const DevicePathNode& node) {
  ByteReader r("device path node", node.data);
  std::string text;
  switch (node.type) {
    case 1:
      text = HardwareNode(node, r);
      break;
    case 2:
      text = AcpiNode(node, r);
      break;
    case 3:
      text = MessagingNode(node, r);
      break;
    case 4:
      text = MediaNode(node, r);
      break;
    default:
      text = UnknownNode(node);
  }
  return r.ok() ? text : UnknownNode(node);
}

}  // namespace

std::string Utf16Text(ByteSpan bytes) {
  std::string text;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const unsigned unit = bytes[i] | (unsigned{bytes[i + 1]} << 8);
    if (unit == 0) break;
    if (unit >= 0x20 && unit < 0x7f) {
      text += static_cast<char>(unit);
    } else {
      const uint8_t digits[] = {bytes[i + 1], bytes[i]};
      text += "\\u" + Hex(digits);
    }
  }
  return text;
}

Result<std::string> FormatDevicePath(ByteSpan path) {
  ByteReader r("device path", path);
  std::string text;
  bool is_first = true;
  while (r.ok()) {
    DevicePathNode node;
    node.type = r.U8("type");
    node.sub_type = r.U8("sub-type");
    const uint16_t size_bytes = r.U16Le("length");
    if (r.ok() && size_bytes < kNodeHeaderBytes) {
      r.Fail("length",
             "found " + std::to_string(size_bytes) + ", expected at least 4");
    }
    if (!r.ok()) break;
    node.data = r.Take("node", size_bytes - kNodeHeaderBytes);
    if (!r.ok()) break;
    if (node.type == kEndType) {
      if (r.remaining() == 0 && node.sub_type == kEndEntire) return text;
      text += ",";
      is_first = true;
      continue;
    }
    if (!is_first) text += "/";
    text += NodeText(node);
    is_first = false;
  }
  return r.status().error();
}

}  // namespace tally
