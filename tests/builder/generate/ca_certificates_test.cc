#include "builder/generate/ca_certificates.h"

#include <gtest/gtest.h>

#include "tests/builder/generate/disk_tree.h"
#include "tests/formats/run_program.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::TreeText;
using Strings = std::vector<std::string>;

// Two certificates of the subject "CN = Test Root", made by openssl req -x509
// -newkey ed25519, and the hash that openssl x509 -hash prints for both.
constexpr std::string_view kFirst =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBPDCB76ADAgECAhRxfnia0WczcbEQTbAGmI+kKeV+aDAFBgMrZXAwFDESMBAG\n"
    "A1UEAwwJVGVzdCBSb290MB4XDTI2MTEyMzA4MTIxNVoXDTM2MTEyMDA4MTIxNVow\n"
    "FDESMBAGA1UEAwwJVGVzdCBSb290MCowBQYDK2VwAyEAfLWiVdufq9nSw9ftyui8\n"
    "7mi+0HmF/vF7mhIkjUo30oejUzBRMB0GA1UdDgQWBBSFKsZgGFCeVhv5J4IhbZv6\n"
    "DnK6/TAfBgNVHSMEGDAWgBSFKsZgGFCeVhv5J4IhbZv6DnK6/TAPBgNVHRMBAf8E\n"
    "BTADAQH/MAUGAytlcANBAAPcdkdmm/tlhX0kGPAQVNGo0HQE1TzFrE1/04glNcFI\n"
    "nqx3hvRn4bUadwcB1g1cMK/S8ZJArJ6+Qh3wPvMKwA4=\n"
    "-----END CERTIFICATE-----\n";
constexpr std::string_view kSecond =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBPDCB76ADAgECAhRUREEAH+kQh5N+CU/PpVFwm8r2pjAFBgMrZXAwFDESMBAG\n"
    "A1UEAwwJVGVzdCBSb290MB4XDTI2MTEyMzA4MTIxNVoXDTM2MTEyMDA4MTIxNVow\n"
    "FDESMBAGA1UEAwwJVGVzdCBSb290MCowBQYDK2VwAyEAInhPI0KyNCKcRUfxKvLs\n"
    "LI3kW93BmAqwqCyTEEjkwfOjUzBRMB0GA1UdDgQWBBRhXt2aWvFG+phHwHG7R1sw\n"
    "1Gz/wTAfBgNVHSMEGDAWgBRhXt2aWvFG+phHwHG7R1sw1Gz/wTAPBgNVHRMBAf8E\n"
    "BTADAQH/MAUGAytlcANBAJzXhZrEdhhB3IdPpKItVHSbY67JOnAyn9fLpk5kXgAH\n"
    "7Hn/kktJkITHoNJtbJWja3+ZBo1qEa7kwDUydXt5KgU=\n"
    "-----END CERTIFICATE-----\n";
constexpr std::string_view kHash = "2faabc7f";

const std::vector<Action> kAsked = {{.kind = ActionKind::kCaCertificates}};

Tree CertificateTree(const std::map<std::string, std::string_view>& files) {
  Tree tree;
  for (const auto& [path, text] : files) {
    EXPECT_TRUE(tree.Add(path, GeneratedFile("test", text)));
  }
  return tree;
}

Tree GeneratedCertificates(
    const std::map<std::string, std::string_view>& files) {
  Tree tree = CertificateTree(files);
  const Status done = GenerateCaCertificates(kAsked, &tree);
  EXPECT_TRUE(done) << done.error().ToString();
  return tree;
}

std::string RefusedCertificates(
    const std::map<std::string, std::string_view>& files) {
  Tree tree = CertificateTree(files);
  const Status done = GenerateCaCertificates(kAsked, &tree);
  return done ? "no error" : done.error().ToString();
}

// Certs returns "name -> target" or "name" of everything in etc/ssl/certs.
Strings Certs(const Tree& tree) {
  Strings all;
  for (const std::string& name : tree.Children("etc/ssl/certs")) {
    const TreeNode* node = tree.Find("etc/ssl/certs/" + name);
    all.push_back(name + (node->type == NodeType::kSymlink
                              ? " -> " + node->symlink_target
                              : ""));
  }
  return all;
}

std::string Hash(int number) {
  return std::string(kHash) + "." + std::to_string(number);
}

const std::string kAll = "usr/share/ca-certificates/";
const std::string kLocal = "usr/local/share/ca-certificates/";

TEST(CaCertificates, AreLinkedBundledAndHashed) {
  const Tree tree = GeneratedCertificates({{kAll + "m/B.crt", kFirst},
                                           {kAll + "m/A.crt", kSecond},
                                           {kAll + "m/README", "x"}});
  EXPECT_EQ(Certs(tree), (Strings{Hash(0) + " -> A.pem", Hash(1) + " -> B.pem",
                                  "A.pem -> /usr/share/ca-certificates/m/A.crt",
                                  "B.pem -> /usr/share/ca-certificates/m/B.crt",
                                  "ca-certificates.crt"}));
  EXPECT_EQ(TreeText(tree, "etc/ssl/certs/ca-certificates.crt"),
            std::string(kSecond) + std::string(kFirst));
  const std::string conf = TreeText(tree, "etc/ca-certificates.conf");
  EXPECT_TRUE(conf.starts_with("# This file lists certificates")) << conf;
  EXPECT_TRUE(conf.ends_with("\n#\nm/A.crt\nm/B.crt\n")) << conf;
}

TEST(CaCertificates, ComeOnlyIfAnActionAsks) {
  Tree tree = CertificateTree({{kAll + "m/A.crt", kFirst}});
  ASSERT_TRUE(GenerateCaCertificates({{.kind = ActionKind::kLdconfig}}, &tree));
  EXPECT_EQ(tree.Find("etc"), nullptr);
}

TEST(CaCertificates, OfTheMachineComeLast) {
  const std::string without_line_end(kSecond.substr(0, kSecond.size() - 1));
  const Tree tree =
      GeneratedCertificates({{kAll + "m/Z.crt", kFirst},
                             {kLocal + "my (own), CA.crt", without_line_end},
                             {kLocal + "x/ignored.pem", "x"}});
  EXPECT_EQ(Certs(tree),
            (Strings{Hash(0) + " -> Z.pem", Hash(1) + " -> my_=own=__CA.pem",
                     "Z.pem -> /usr/share/ca-certificates/m/Z.crt",
                     "ca-certificates.crt",
                     "my_=own=__CA.pem -> "
                     "/usr/local/share/ca-certificates/my (own), CA.crt"}));
  EXPECT_EQ(TreeText(tree, "etc/ssl/certs/ca-certificates.crt"),
            std::string(kFirst) + std::string(kSecond));
}

TEST(CaCertificates, AreThoseOfTheConf) {
  const Tree chosen =
      GeneratedCertificates({{"etc/ca-certificates.conf", "# x\n\nm/B.crt\n"},
                             {kAll + "m/A.crt", kFirst},
                             {kAll + "m/B.crt", kSecond}});
  EXPECT_EQ(TreeText(chosen, "etc/ssl/certs/ca-certificates.crt"), kSecond);
  const Tree deselected =
      GeneratedCertificates({{"etc/ca-certificates.conf", "!m/B.crt\n"},
                             {kAll + "m/A.crt", kFirst},
                             {kAll + "m/B.crt", kSecond}});
  EXPECT_EQ(Certs(deselected),
            (Strings{Hash(0) + " -> A.pem",
                     "A.pem -> /usr/share/ca-certificates/m/A.crt",
                     "ca-certificates.crt"}));
  EXPECT_EQ(TreeText(deselected, "etc/ca-certificates.conf"), "!m/B.crt\n");
}

TEST(CaCertificates, CopiesGetNoSecondHashLink) {
  const Tree tree = GeneratedCertificates(
      {{kAll + "A.crt", kFirst},
       {kAll + "B.crt", kFirst},
       {"etc/ssl/certs/two.pem", std::string(kFirst) + std::string(kSecond)}});
  EXPECT_EQ(Certs(tree), (Strings{Hash(0) + " -> A.pem",
                                  "A.pem -> /usr/share/ca-certificates/A.crt",
                                  "B.pem -> /usr/share/ca-certificates/B.crt",
                                  "ca-certificates.crt", "two.pem"}));
}

TEST(CaCertificates, LeaveWhatPeoplePutThere) {
  const Tree tree =
      GeneratedCertificates({{kAll + "A.crt", kFirst},
                             {"etc/ssl/certs/" + Hash(0), "mine"},
                             {"etc/ssl/certs/ca-certificates.crt", "mine"}});
  EXPECT_EQ(Certs(tree), (Strings{Hash(0), Hash(1) + " -> A.pem",
                                  "A.pem -> /usr/share/ca-certificates/A.crt",
                                  "ca-certificates.crt"}));
}

TEST(CaCertificates, RejectsWhatIsNoCertificate) {
  EXPECT_EQ(RefusedCertificates({{kAll + "A.crt", "hello"}}),
            "'/usr/share/ca-certificates/A.crt' is no certificate, expected "
            "PEM text of one");
  std::string bad(kFirst);
  bad.replace(bad.find("MII"), 3, "AAA");
  EXPECT_EQ(RefusedCertificates({{kLocal + "A.crt", bad}}),
            "'/usr/local/share/ca-certificates/A.crt' has a malformed "
            "certificate");
  EXPECT_EQ(RefusedCertificates(
                {{kLocal + "A.crt", std::string((1 << 20) + 1, 'x')}}),
            "'/usr/local/share/ca-certificates/A.crt' has 1048577 bytes, "
            "expected a certificate of at most 1 MiB");
}

TEST(CaCertificates, RejectsLinesWithoutAFile) {
  for (const std::string line :
       {"m/none.crt", "!m/none.crt", "m", "../x.crt"}) {
    const std::string name = line.substr(line[0] == '!' ? 1 : 0);
    const std::string conf = "# x\n" + line + "\n";
    EXPECT_EQ(RefusedCertificates({{"etc/ca-certificates.conf", conf},
                                   {kAll + "m/A.crt", kFirst},
                                   {"usr/share/x.crt", kFirst}}),
              "'/etc/ca-certificates.conf' line 2: found '" + name +
                  "', expected a file below '/usr/share/ca-certificates'");
  }
}

TEST(CaCertificates, RejectsDirectoriesBehindLinks) {
  Tree tree = CertificateTree({{"srv/A.crt", kFirst}});
  ASSERT_TRUE(tree.Add(kLocal + "more", GeneratedLink("test", "/srv")));
  const Status done = GenerateCaCertificates(kAsked, &tree);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().ToString(),
            "'/usr/local/share/ca-certificates/more' is a link to a "
            "directory, expected certificates");
}

// RunUpdate runs the real script below `root`.
void RunUpdate(const fs::path& program, const fs::path& root) {
  const auto in_root = [&root](const char* path) {
    return (root / path).string();
  };
  const Tool tool = {
      .program = program,
      .args = {"--certsconf", in_root("etc/ca-certificates.conf"), "--certsdir",
               in_root("usr/share/ca-certificates"), "--localcertsdir",
               in_root("usr/local/share/ca-certificates"), "--etccertsdir",
               in_root("etc/ssl/certs"), "--hooksdir", ""},
      .env = {{"LC_ALL", "C"}, {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}}};
  const auto output = RunTool(tool);
  ASSERT_TRUE(output) << output.error().ToString();
  ASSERT_EQ(output->exit_status, 0) << output->stderr_text;
}

TEST(CaCertificates, AreThoseOfUpdateCaCertificates) {
  TALLY_NEED_PROGRAM(update, "update-ca-certificates");
  TALLY_NEED_PROGRAM(openssl, "openssl");
  if (!IsDirectory("/usr/share/ca-certificates/mozilla")) {
    GTEST_SKIP() << "no certificates in /usr/share/ca-certificates";
  }
  const test::Scratch scratch;
  const fs::path root = scratch.path() / "root";
  scratch.Write("root/etc/x", "");
  fs::create_directories(root / "etc/ssl/certs");
  fs::create_directories(root / "usr/share");
  fs::copy("/usr/share/ca-certificates", root / "usr/share/ca-certificates",
           fs::copy_options::recursive);
  scratch.Write("root/" + kLocal + "b (x), y.crt", kFirst);
  scratch.Write("root/" + kLocal + "a.crt",
                kSecond.substr(0, kSecond.size() - 1));
  scratch.Write("root/" + kLocal + "sub/copy.crt", kFirst);
  scratch.Write("root/" + kLocal + "two.crt",
                std::string(kFirst) + std::string(kSecond));
  scratch.Write("root/etc/ssl/certs/extra.pem", kSecond);
  Tree ours = test::ReadDiskTree(root);
  const Status done = GenerateCaCertificates(kAsked, &ours);
  ASSERT_TRUE(done) << done.error().ToString();

  scratch.Write("root/etc/ca-certificates.conf",
                TreeText(ours, "etc/ca-certificates.conf"));
  RunUpdate(update, root);
  const Tree real = test::ReadDiskTree(root);
  Strings expected = Certs(real);
  for (std::string& line : expected) {
    const size_t at = line.find(root.string());
    if (at != std::string::npos) line.erase(at, root.string().size());
  }
  EXPECT_EQ(Certs(ours), expected);
  EXPECT_GT(expected.size(), 200U);
  const std::string bundle = "etc/ssl/certs/ca-certificates.crt";
  EXPECT_EQ(TreeText(ours, bundle), TreeText(real, bundle));
}

}  // namespace
}  // namespace tally
