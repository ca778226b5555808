#include "builder/content.h"

#include "common/hash.h"

namespace tally {

Content MakeContent(Bytes bytes) {
  const auto owner = std::make_shared<const Bytes>(std::move(bytes));
  return Content{.owner = owner, .bytes = *owner, .sha256 = Sha256(*owner)};
}

Content TextContent(std::string_view text) {
  return MakeContent(ToBytes(AsBytes(text)));
}

}  // namespace tally
