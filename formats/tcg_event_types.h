// The event types of TCG event logs, by number and name.
//
// Follows the TCG PC Client Platform Firmware Profile 1.06, section 10.4.1,
// "Event Types".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tally {

inline constexpr uint32_t kEvPrebootCert = 0x0;
inline constexpr uint32_t kEvPostCode = 0x1;
inline constexpr uint32_t kEvNoAction = 0x3;
inline constexpr uint32_t kEvSeparator = 0x4;
inline constexpr uint32_t kEvAction = 0x5;
inline constexpr uint32_t kEvEventTag = 0x6;
inline constexpr uint32_t kEvSCrtmContents = 0x7;
inline constexpr uint32_t kEvSCrtmVersion = 0x8;
inline constexpr uint32_t kEvCpuMicrocode = 0x9;
inline constexpr uint32_t kEvPlatformConfigFlags = 0xa;
inline constexpr uint32_t kEvTableOfDevices = 0xb;
inline constexpr uint32_t kEvCompactHash = 0xc;
inline constexpr uint32_t kEvIpl = 0xd;
inline constexpr uint32_t kEvIplPartitionData = 0xe;
inline constexpr uint32_t kEvNonhostCode = 0xf;
inline constexpr uint32_t kEvNonhostConfig = 0x10;
inline constexpr uint32_t kEvNonhostInfo = 0x11;
inline constexpr uint32_t kEvOmitBootDeviceEvents = 0x12;
inline constexpr uint32_t kEvPostCode2 = 0x13;
inline constexpr uint32_t kEvEfiVariableDriverConfig = 0x80000001;
inline constexpr uint32_t kEvEfiVariableBoot = 0x80000002;
inline constexpr uint32_t kEvEfiBootServicesApplication = 0x80000003;
inline constexpr uint32_t kEvEfiBootServicesDriver = 0x80000004;
inline constexpr uint32_t kEvEfiRuntimeServicesDriver = 0x80000005;
inline constexpr uint32_t kEvEfiGptEvent = 0x80000006;
inline constexpr uint32_t kEvEfiAction = 0x80000007;
inline constexpr uint32_t kEvEfiPlatformFirmwareBlob = 0x80000008;
inline constexpr uint32_t kEvEfiHandoffTables = 0x80000009;
inline constexpr uint32_t kEvEfiPlatformFirmwareBlob2 = 0x8000000a;
inline constexpr uint32_t kEvEfiHandoffTables2 = 0x8000000b;
inline constexpr uint32_t kEvEfiVariableBoot2 = 0x8000000c;
inline constexpr uint32_t kEvEfiGptEvent2 = 0x8000000d;
inline constexpr uint32_t kEvEfiHcrtmEvent = 0x80000010;
inline constexpr uint32_t kEvEfiVariableAuthority = 0x800000e0;
inline constexpr uint32_t kEvEfiSpdmFirmwareBlob = 0x800000e1;
inline constexpr uint32_t kEvEfiSpdmFirmwareConfig = 0x800000e2;

// EventTypeName returns "EV_SEPARATOR" and so on; nothing for a type that the
// profile does not name.
std::optional<std::string_view> EventTypeName(uint32_t type);

}  // namespace tally
