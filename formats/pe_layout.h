// Numbers of the PE format that its reader and its writers share.
//
// Names and values as in Microsoft's "PE Format".
#pragma once

#include <cstdint>

namespace tally {

inline constexpr uint16_t kDosMagic = 0x5a4d;  // "MZ"
inline constexpr uint64_t kDosHeaderBytes = 0x40;
inline constexpr uint32_t kPeMagic = 0x00004550;  // "PE\0\0"
inline constexpr uint16_t kPe32Magic = 0x10b;
inline constexpr uint16_t kPe32PlusMagic = 0x20b;

// Index in the data directories of the "Certificate Table".
inline constexpr uint64_t kPeSecurityDirectory = 4;
inline constexpr uint64_t kPeSectionHeaderBytes = 40;
inline constexpr uint64_t kPeCertificateHeaderBytes = 8;

// WIN_CERT_REVISION_2_0, WIN_CERT_TYPE_PKCS_SIGNED_DATA.
inline constexpr uint16_t kPeCertificateRevision2 = 0x0200;
inline constexpr uint16_t kPeCertificatePkcs7 = 0x0002;

// IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ.
inline constexpr uint32_t kPeReadOnlyData = 0x40000040;

}  // namespace tally
