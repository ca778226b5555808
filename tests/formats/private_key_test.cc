#include "formats/private_key.h"

#include <gtest/gtest.h>

#include "tests/formats/run_program.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

std::string Found(std::string_view file) {
  return FindPrivateKey(AsBytes(file)).value_or("nothing");
}

// Assembled, so that this file is not taken for one with a key itself.
std::string Pem(const std::string& kind, const std::string& body) {
  return "-----BEGIN " + kind + "-----" + body;
}

constexpr std::string_view kBody = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC";

TEST(PrivateKey, FindsEveryKindOfPemText) {
  for (const std::string kind :
       {"PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY",
        "DSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY",
        "TSS2 PRIVATE KEY", "PGP PRIVATE KEY BLOCK"}) {
    EXPECT_EQ(Found("some text\n" + Pem(kind, "\n" + std::string(kBody))),
              "'" + Pem(kind, "") + "' at 0xa");
  }
  EXPECT_EQ(Found("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n"
                  "Comment: \"x\"\n"),
            "'---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----' at 0x0");
}

TEST(PrivateKey, FindsPemTextInOtherForms) {
  const std::string body(kBody);
  const std::string found = "'" + Pem("PRIVATE KEY", "") + "' at 0x0";
  EXPECT_EQ(Found(Pem("PRIVATE KEY", "\r\n" + body)), found);
  EXPECT_EQ(Found(Pem("PRIVATE KEY", " \n    " + body)), found);
  EXPECT_EQ(Found(Pem("PRIVATE KEY", "\\n" + body)), found);
  EXPECT_EQ(Found(Pem("RSA PRIVATE KEY",
                      "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00")),
            "'" + Pem("RSA PRIVATE KEY", "") + "' at 0x0");
}

TEST(PrivateKey, PassesLabelsWithoutAKey) {
  using std::string_literals::operator""s;
  EXPECT_EQ(Found(Pem("PRIVATE KEY", "\0-----END"s)), "nothing");
  EXPECT_EQ(Found(Pem("OPENSSH PRIVATE KEY", "\n\0abc"s)), "nothing");
  EXPECT_EQ(Found(Pem("PRIVATE KEY", "\n...\n")), "nothing");
  EXPECT_EQ(Found(Pem("PRIVATE KEY", std::string(kBody))), "nothing");
  EXPECT_EQ(Found(Pem("PUBLIC KEY", "\n" + std::string(kBody))), "nothing");
  EXPECT_EQ(Found("PRIVATE KEY-----\n" + std::string(kBody)), "nothing");
  EXPECT_EQ(Found(""), "nothing");
  EXPECT_EQ(Found("PRIVATE KEY"), "nothing");
}

TEST(PrivateKey, FindsAKeyBehindAMereLabel) {
  const std::string text = Pem("PRIVATE KEY", "\n...\n") +
                           Pem("PRIVATE KEY", "\n" + std::string(kBody));
  EXPECT_EQ(Found(text), "'" + Pem("PRIVATE KEY", "") + "' at 0x20");
}

TEST(PrivateKey, KnowsKeyFilesByTheirBeginning) {
  EXPECT_EQ(Found("PuTTY-User-Key-File-3: ssh-ed25519\n"),
            "a PuTTY private key");
  EXPECT_EQ(Found(std::string("openssh-key-v1\0", 15)),
            "an OpenSSH private key");
  EXPECT_EQ(Found("(21:protected-private-key(3:rsa"), "a GnuPG private key");
}

TEST(PrivateKey, KnowsJavaKeyStoresWithKeys) {
  ByteWriter trusted;
  trusted.U32Be(0xfeedfeed).U32Be(2).U32Be(2);
  trusted.U32Be(2).U16Be(1).Text("a").Zeros(8);
  trusted.U16Be(5).Text("X.509").U32Be(3).Text("der");
  const Bytes head = trusted.bytes();
  trusted.U32Be(2).U16Be(1).Text("b").Zeros(8);
  trusted.U16Be(5).Text("X.509").U32Be(3).Text("der");
  EXPECT_EQ(FindPrivateKey(trusted.bytes()), std::nullopt);
  ByteWriter with_key;
  with_key.Raw(head).U32Be(1);
  EXPECT_EQ(FindPrivateKey(with_key.bytes()), "a Java key store with a key");
  EXPECT_EQ(FindPrivateKey(ByteSpan(head).first(20)), std::nullopt);
}

// Key files as openssl writes them.
class OpensslKeys : public testing::Test {
 protected:
  // Made returns what FindPrivateKey says of the file that openssl writes with
  // these arguments; "$" is the scratch directory.
  std::string Made(const fs::path& openssl, const std::string& arguments) {
    std::vector<std::string> words = Split(arguments, ' ');
    for (std::string& word : words) {
      if (word.starts_with("$")) {
        word = (scratch_.path() / word.substr(1)).string();
      }
    }
    const auto output = test::RunProgram(openssl, words);
    EXPECT_EQ(output.exit_status, 0) << output.stderr_text;
    const Bytes bytes = test::MustRead(words.back());
    return FindPrivateKey(bytes).value_or("nothing");
  }

  test::Scratch scratch_;
};

TEST_F(OpensslKeys, AreKnownInEveryEncoding) {
  TALLY_NEED_PROGRAM(openssl, "openssl");
  EXPECT_EQ(Made(openssl, "genrsa -traditional -out $rsa.pem"),
            "'" + Pem("RSA PRIVATE KEY", "") + "' at 0x0");
  EXPECT_EQ(
      Made(openssl, "rsa -in $rsa.pem -traditional -outform DER -out $rsa.der"),
      "an RSA private key (DER)");
  EXPECT_EQ(Made(openssl,
                 "rsa -in $rsa.pem -aes128 -passout pass:x "
                 "-traditional -out $rsa.enc"),
            "'" + Pem("RSA PRIVATE KEY", "") + "' at 0x0");
  EXPECT_EQ(Made(openssl,
                 "pkcs8 -topk8 -nocrypt -in $rsa.pem -outform DER "
                 "-out $rsa.p8"),
            "a private key (DER, PKCS #8)");
  EXPECT_EQ(Made(openssl,
                 "pkcs8 -topk8 -passout pass:x -in $rsa.pem "
                 "-outform DER -out $rsa.p8e"),
            "an encrypted private key (DER, PKCS #8)");
  EXPECT_EQ(Made(openssl,
                 "pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout pass:x -in "
                 "$rsa.pem -outform DER -out $rsa.p12e"),
            "an encrypted private key (DER, PKCS #8)");
  EXPECT_EQ(Made(openssl,
                 "ecparam -name prime256v1 -genkey -noout -outform "
                 "DER -out $ec.der"),
            "an EC private key (DER)");
  EXPECT_EQ(Made(openssl, "genpkey -algorithm ed25519 -outform DER -out $ed"),
            "a private key (DER, PKCS #8)");
  EXPECT_EQ(Made(openssl, "req -x509 -key $rsa.pem -subj /CN=x -out $x.pem"),
            "nothing");
  EXPECT_EQ(Made(openssl, "x509 -in $x.pem -outform DER -out $x.der"),
            "nothing");
  EXPECT_EQ(Made(openssl, "rsa -in $rsa.pem -pubout -outform DER -out $pub"),
            "nothing");
  EXPECT_EQ(Made(openssl,
                 "pkcs12 -export -inkey $rsa.pem -in $x.pem -passout "
                 "pass:x -out $x.p12"),
            "a PKCS #12 key store");
}

}  // namespace
}  // namespace tally
