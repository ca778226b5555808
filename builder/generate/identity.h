// Who an image is: host name, machine id, time zone, locale, and the small
// files of /etc that come with them. docs/generators/identity.md.
#pragma once

#include <vector>

#include "builder/action.h"
#include "builder/tree.h"
#include "manifests/manifest.h"

namespace tally {

// GenerateIdentity writes hostname, hosts, networks, machine-id, localtime,
// timezone, default/locale, resolv.conf, os-release and mtab below /etc, each
// where docs/generators/identity.md says so. A time zone or locale that the
// tree does not have is an InputError.
Status GenerateIdentity(const Manifest& manifest, Tree* tree);

// GenerateShells writes /etc/shells as debianutils' update-shells and add-shell
// would: the packages' shells, then those of actions.
Status GenerateShells(const std::vector<Action>& actions, Tree* tree);

}  // namespace tally
