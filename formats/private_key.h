// Recognising private keys in files, by their structure.
#pragma once

#include <optional>
#include <string>

#include "common/bytes.h"

namespace tally {

// FindPrivateKey says which private key `file` has and where, if there is one:
// "'-----BEGIN RSA PRIVATE KEY-----' at 0x1c". Encrypted keys count.
//
// PEM text is found anywhere in the file, also indented or with "\n" spelled
// out, as in JSON; a label without a key behind it, as programs have among
// their strings, does not count. Of DER (PKCS #1, #8, #12, SEC 1, DSA), Java
// key stores, PuTTY, GnuPG and raw OpenSSH keys, the file must be one.
std::optional<std::string> FindPrivateKey(ByteSpan file);

}  // namespace tally
