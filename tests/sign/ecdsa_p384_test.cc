// P-384: loading, refusing, signing, and agreement with the openssl program and
// other implementations.
#include "sign/ecdsa_p384.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/text.h"
#include "tests/sign/keys.h"

namespace tally {
namespace {

using test::MustRead;
using test::MustReadText;
using test::Openssl;
using test::Scratch;

// NewKey returns a fresh private key as PEM, made by the openssl program.
std::string NewKey(const fs::path& openssl, const Scratch& scratch,
                   const std::string& curve = "P-384") {
  Openssl(openssl, scratch.path(),
          {"genpkey", "-algorithm", "EC", "-pkeyopt",
           "ec_paramgen_curve:" + curve, "-out", "new.pem"});
  return MustReadText(scratch.path() / "new.pem");
}

std::string Refusal(std::string_view pem) {
  const Result<EcdsaP384Key> key = EcdsaP384Key::FromPem(pem);
  if (key) return "accepted";
  EXPECT_EQ(key.error().code(), ErrorCode::kInput);
  return key.error().ToString();
}

// Number reads a little-endian one.
std::array<uint8_t, 48> Number(ByteSpan bytes, size_t offset) {
  std::array<uint8_t, 48> number = {};
  std::ranges::copy(bytes.subspan(offset, 48), number.begin());
  std::ranges::reverse(number);
  return number;
}

// Der encodes two numbers as ASN.1 does, independently of the code under test.
Bytes Der(const P384Signature& signature) {
  ByteWriter body;
  for (const auto& number : {signature.r, signature.s}) {
    ByteSpan digits = number;
    while (digits.size() > 1 && digits[0] == 0) digits = digits.subspan(1);
    const bool needs_zero = digits[0] >= 0x80;
    body.U8(0x02).U8(static_cast<uint8_t>(digits.size() + needs_zero));
    if (needs_zero) body.U8(0);
    body.Raw(digits);
  }
  ByteWriter w;
  w.U8(0x30).U8(static_cast<uint8_t>(body.size())).Raw(body.bytes());
  return std::move(w).Take();
}

TEST(EcdsaP384, SignsWhatItsPublicPointVerifiesAndNothingElse) {
  TALLY_NEED_PROGRAM(openssl, "openssl");
  const Scratch scratch;
  const auto key = EcdsaP384Key::FromPem(NewKey(openssl, scratch)).value();
  const P384Signature signature = key.Sign(AsBytes("message")).value();
  EXPECT_TRUE(VerifyP384(key.public_point(), AsBytes("message"), signature));
  const Status status =
      VerifyP384(key.public_point(), AsBytes("massage"), signature);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kMismatch);
  EXPECT_EQ(status.error().ToString(),
            "the signature is not by this key over these bytes");
  for (size_t i = 0; i < 48; ++i) {
    P384Signature changed = signature;
    changed.r[i] ^= 1;
    EXPECT_FALSE(VerifyP384(key.public_point(), AsBytes("message"), changed));
    changed = signature;
    changed.s[i] ^= 1;
    EXPECT_FALSE(VerifyP384(key.public_point(), AsBytes("message"), changed));
  }
  EXPECT_FALSE(VerifyP384(key.public_point(), AsBytes("message"), {}));
}

TEST(EcdsaP384, RejectsAPointThatIsNotOnTheCurve) {
  for (const uint8_t byte : {uint8_t{0}, uint8_t{0xff}}) {
    P384Point point;
    point.x.fill(byte);
    point.y.fill(byte);
    const Status status = VerifyP384(point, AsBytes("message"), {});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), ErrorCode::kInput);
    EXPECT_EQ(status.error().ToString(), "the key is not a point on P-384");
  }
}

TEST(EcdsaP384, AgreesWithTheOpensslProgram) {
  TALLY_NEED_PROGRAM(openssl, "openssl");
  const Scratch scratch;
  const auto key = EcdsaP384Key::FromPem(NewKey(openssl, scratch)).value();
  scratch.Write("message", "message");
  Openssl(openssl, scratch.path(),
          {"pkey", "-in", "new.pem", "-pubout", "-out", "new.pub"});
  for (int i = 0; i < 8; ++i) {
    scratch.Write("signature", Der(key.Sign(AsBytes("message")).value()));
    const ToolOutput output = Openssl(openssl, scratch.path(),
                                      {"dgst", "-sha384", "-verify", "new.pub",
                                       "-signature", "signature", "message"});
    EXPECT_EQ(output.stdout_text, "Verified OK\n");
  }
}

TEST(EcdsaP384, LoadsBothFormsOfAKey) {
  TALLY_NEED_PROGRAM(openssl, "openssl");
  const Scratch scratch;
  const auto pkcs8 = EcdsaP384Key::FromPem(NewKey(openssl, scratch)).value();
  Openssl(openssl, scratch.path(),
          {"ec", "-in", "new.pem", "-out", "sec1.pem"});
  const std::string text = MustReadText(scratch.path() / "sec1.pem");
  EXPECT_TRUE(text.starts_with("-----BEGIN EC PRIVATE KEY-----")) << text;
  const auto sec1 = EcdsaP384Key::Load(scratch.path() / "sec1.pem").value();
  EXPECT_EQ(sec1.public_point().x, pkcs8.public_point().x);
  EXPECT_EQ(sec1.public_point().y, pkcs8.public_point().y);
}

TEST(EcdsaP384, RejectsOtherKeysByName) {
  TALLY_NEED_PROGRAM(openssl, "openssl");
  const Scratch scratch;
  const std::string wanted = ", expected ECDSA P-384 (curve 'secp384r1')";
  EXPECT_EQ(Refusal(NewKey(openssl, scratch, "P-256")),
            "found EC key on curve 'prime256v1'" + wanted);
  EXPECT_EQ(Refusal(NewKey(openssl, scratch, "P-521")),
            "found EC key on curve 'secp521r1'" + wanted);
  EXPECT_EQ(Refusal(GenerateKey(KeyType::kEd25519).value().private_pem),
            "found ED25519 key of 256 bits" + wanted);
  EXPECT_EQ(Refusal(GenerateKey(KeyType::kEcdsaP256).value().public_pem),
            "found a public key, expected a private key");
  EXPECT_EQ(Refusal("x"),
            "not a PEM file, expected '-----BEGIN PUBLIC KEY-----' or "
            "'-----BEGIN PRIVATE KEY-----'");
  const fs::path bad = scratch.Write("bad.pem", "x");
  EXPECT_EQ(EcdsaP384Key::Load(bad).error().frames().back(),
            "reading key '" + bad.string() + "'");
}

TEST(EcdsaP384, RejectsEncryptedKeys) {
  TALLY_NEED_PROGRAM(openssl, "openssl");
  const Scratch scratch;
  NewKey(openssl, scratch);
  Openssl(openssl, scratch.path(),
          {"pkey", "-in", "new.pem", "-aes256", "-passout", "pass:x", "-out",
           "pkcs8.pem"});
  Openssl(openssl, scratch.path(),
          {"ec", "-in", "new.pem", "-aes256", "-passout", "pass:x", "-out",
           "sec1.pem"});
  for (const char* name : {"pkcs8.pem", "sec1.pem"}) {
    EXPECT_EQ(Refusal(MustReadText(scratch.path() / name)),
              "the private key is encrypted, expected a plain one");
  }
}

TEST(EcdsaP384, VerifiesBothSignaturesOfVirtee) {
  TALLY_NEED_VECTOR(dir, "snp/virtee-sev");
  const auto id_key = EcdsaP384Key::Load(dir / "test_id_key.pem").value();
  const auto author = EcdsaP384Key::Load(dir / "test_auth_key.pem").value();
  const Bytes auth = MustRead(dir / "test_auth_block.bin");
  EXPECT_EQ(Number(auth, 0x244), id_key.public_point().x);
  EXPECT_EQ(Number(auth, 0x28c), id_key.public_point().y);
  EXPECT_EQ(Number(auth, 0x884), author.public_point().x);
  EXPECT_EQ(Number(auth, 0x8cc), author.public_point().y);
  ByteWriter block;
  block.Raw(ParseHex("a14d638341e5674628fe1e02fbedebe5e5ab4faf1dd72d8966068e615"
                     "bb99efd13d214b35c231715b38e263dc6059745")
                .value());
  block.Zeros(32).U32Le(1).U32Le(0).U64Le(0x30000);
  const Bytes id_sig = MustRead(dir / "test_id_sig.bin");
  EXPECT_TRUE(VerifyP384(id_key.public_point(), block.bytes(),
                         {.r = Number(id_sig, 0), .s = Number(id_sig, 72)}));
  const Bytes auth_sig = MustRead(dir / "test_auth_sig.bin");
  EXPECT_TRUE(
      VerifyP384(author.public_point(), ByteSpan(auth).subspan(0x240, 0x404),
                 {.r = Number(auth_sig, 0), .s = Number(auth_sig, 72)}));
}

}  // namespace
}  // namespace tally
