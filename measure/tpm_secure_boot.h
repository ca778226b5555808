// Secure Boot's part of PCR 7: the policy variables, and what in "db" let an
// image run.
//
// Follows edk2 SecurityPkg/Tcg/Tcg2Dxe/Tcg2Dxe.c (MeasureAllSecureVariables)
// and SecurityPkg/Library/DxeImageVerificationLib (SecureBootHook). Whether
// "dbx" forbids the image is not looked at.
#pragma once

#include <vector>

#include "formats/efi_variable_store.h"
#include "formats/pe.h"
#include "measure/tpm_stub.h"

namespace tally {

// Whether the firmware is built with Secure Boot. Without it, it has no
// variable SecureBoot and checks nothing, whatever keys the store has.
enum class SecureBootSupport { kBuiltIn, kNone };

// SecureBootStateOf is kOn if there is a platform key and nobody switched
// Secure Boot off, in a firmware that supports it.
SecureBootState SecureBootStateOf(
    const std::vector<EfiStoredVariable>& variables, SecureBootSupport support);

// SecureBootPolicyEvents are the events up to PCR 7's separator.
std::vector<BootEvent> SecureBootPolicyEvents(
    std::span<const HashAlgorithm> banks,
    const std::vector<EfiStoredVariable>& variables, SecureBootSupport support);

// SecureBootAuthorityEvent is the entry of "db" that lets the image run with
// Secure Boot on: a certificate that the image's signature carries, or the
// image's own digest. An input error if there is none, or if the certificate
// that signed stands behind another one.
Result<BootEvent> SecureBootAuthorityEvent(
    std::span<const HashAlgorithm> banks,
    const std::vector<EfiStoredVariable>& variables, const Pe& image);

}  // namespace tally
