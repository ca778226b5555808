// Trusted certificates: the bundle, and the directory of links that OpenSSL
// looks into. See docs/generators/ca-certificates.md.
#pragma once

#include <vector>

#include "builder/action.h"
#include "builder/tree.h"

namespace tally {

// GenerateCaCertificates does what update-ca-certificates does on a new system,
// if there is a ca-certificates action: etc/ca-certificates.conf, and in
// etc/ssl/certs a link to every certificate, the bundle ca-certificates.crt and
// the subject-hash links of `openssl rehash`. A conf that the tree has already
// says which certificates are trusted. InputErrors name the file: no
// certificate in it or a malformed one, a line of the conf for which there is
// no file.
Status GenerateCaCertificates(const std::vector<Action>& actions, Tree* tree);

}  // namespace tally
