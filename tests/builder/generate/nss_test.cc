#include "builder/generate/nss.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

// ChangedNss returns etc/nsswitch.conf after `actions`.
std::string ChangedNss(std::string_view text,
                       const std::vector<std::string>& actions,
                       const std::string& origin = "generator") {
  Tree tree;
  TreeNode file = GeneratedFile("tmpfiles", text);
  file.origin.kind = origin;
  EXPECT_TRUE(tree.Add("etc/nsswitch.conf", std::move(file)));
  std::vector<Action> parsed;
  for (const std::string& action : actions) {
    const auto one = ParseAction(action);
    EXPECT_TRUE(one) << action;
    if (one) parsed.push_back(*one);
  }
  EXPECT_TRUE(GenerateNss(parsed, &tree));
  return std::string(AsText(tree.Find("etc/nsswitch.conf")->content.span()));
}

TEST(Nss, PutsServicesInPlace) {
  EXPECT_EQ(
      ChangedNss("passwd:  files\nhosts:\tfiles dns\n",
                 {"nss passwd last systemd", "nss hosts after=files myhostname",
                  "nss hosts before=resolve,dns mymachines",
                  "nss hosts before=dns resolve [!UNAVAIL=return]"}),
      "passwd:  files systemd\n"
      "hosts:\tfiles myhostname mymachines resolve [!UNAVAIL=return] "
      "dns\n");
  EXPECT_EQ(ChangedNss("hosts: files [a=b c=d] dns # dns\n",
                       {"nss hosts after=files x", "nss hosts first y",
                        "nss hosts last z"}),
            "hosts: y files [a=b c=d] x dns z # dns\n");
}

TEST(Nss, LeavesOtherLinesAlone) {
  const std::string text = "# hosts: dns\npasswd: files systemd\ngroup:\n";
  EXPECT_EQ(ChangedNss(text, {"nss passwd last systemd", "nss group last x",
                              "nss hosts last x", "nss passwd before=dns y"}),
            text);
  EXPECT_EQ(ChangedNss("passwd: files", {"nss passwd last x"}, "manifest"),
            "passwd: files");
  Tree tree;
  EXPECT_TRUE(GenerateNss({}, &tree));
}

}  // namespace
}  // namespace tally
