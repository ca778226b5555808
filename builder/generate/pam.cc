#include "builder/generate/pam.h"

#include <algorithm>
#include <string>

#include "builder/generate/located.h"
#include "common/text.h"
#include "formats/pam_profile.h"

namespace tally {
namespace {

constexpr std::string_view kPamGenerator = "pam";
constexpr std::string_view kProfiles = "usr/share/pam-configs";
constexpr size_t kMaxProfiles = 256;

// TextOf returns the bytes of a file or of the file that a link leads to.
Result<std::string_view> TextOf(const std::string& path, const Tree& tree) {
  const TreeNode* node = tree.Resolve(path);
  if (node != nullptr && node->type == NodeType::kFile) {
    return AsText(node->content.span());
  }
  return InputError("'/" + path +
                    "' is not in the image, which pam-auth-update needs");
}

Result<std::vector<PamProfile>> ReadProfiles(const Tree& tree) {
  std::vector<PamProfile> profiles;
  for (const std::string& file : tree.Children(kProfiles)) {
    const bool is_backup =
        file.ends_with('~') ||
        (file.size() > 2 && file.starts_with('#') && file.ends_with('#'));
    if (is_backup) continue;
    const std::string path = std::string(kProfiles) + "/" + file;
    TALLY_ASSIGN(const std::string_view text, TextOf(path, tree));
    Result<PamProfile> profile = ParsePamProfile(text, file);
    if (!profile) return Located(path, profile.error());
    profiles.push_back(std::move(profile).value());
    if (profiles.size() > kMaxProfiles) {
      return InputError("'/" + std::string(kProfiles) + "' has more than " +
                        std::to_string(kMaxProfiles) + " profiles");
    }
  }
  return profiles;
}

}  // namespace

Status GeneratePam(const std::vector<Action>& actions, Tree* tree) {
  const bool wanted = std::ranges::any_of(actions, [](const Action& action) {
    return action.kind == ActionKind::kPamAuthUpdate;
  });
  if (!wanted) return Ok();
  TALLY_ASSIGN(std::vector<PamProfile> profiles, ReadProfiles(*tree));
  const std::vector<PamProfile> enabled =
      EnabledPamProfiles(std::move(profiles));
  if (enabled.empty()) {
    return InputError("'/" + std::string(kProfiles) +
                      "' has no profile with 'Default: yes', expected one");
  }
  for (const PamStack stack :
       {PamStack::kAccount, PamStack::kAuth, PamStack::kPassword,
        PamStack::kSession, PamStack::kSessionNoninteractive}) {
    const std::string name = "common-" + std::string(PamStackName(stack));
    const std::string source = "usr/share/pam/" + name;
    TALLY_ASSIGN(const std::string_view text, TextOf(source, *tree));
    const Result<std::string> filled = WritePamStack(stack, text, enabled);
    if (!filled) return Located(source, filled.error());
    const auto offered =
        tree->Offer("etc/pam.d/" + name, GeneratedFile(kPamGenerator, *filled));
    if (!offered) return offered.error();
  }
  return Ok();
}

}  // namespace tally
