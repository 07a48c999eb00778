#include "sim/base/signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "sim/base/base64.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using airlock::testing::ErrorOf;
using airlock::testing::TemporaryFolder;
using ::testing::HasSubstr;

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

// RFC 8032, section 7.1, tests 1 to 3 and SHA(abc).
TEST(SignatureTest, PublishedVectors) {
  struct Vector {
    const char* seed;
    std::string message;
    const char* signature;
  };
  const Vector vectors[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
       "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
       "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
       "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
      {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
       "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
       "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"}};
  for (const Vector& vector : vectors) {
    const SigningKey key = SigningKey::FromSeed(FromHex(vector.seed));
    const std::string message = FromHex(vector.message);
    const std::string signature = FromHex(vector.signature);
    EXPECT_EQ(key.Sign(message), signature);
    EXPECT_TRUE(key.public_key().Verifies(message, signature));
    EXPECT_FALSE(key.public_key().Verifies(message + "x", signature));
    for (const size_t at : {size_t{0}, size_t{31}, size_t{32}, size_t{63}}) {
      std::string changed = signature;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      EXPECT_FALSE(key.public_key().Verifies(message, changed)) << at;
    }
    EXPECT_FALSE(key.public_key().Verifies(message, signature.substr(1)));
    EXPECT_FALSE(key.public_key().Verifies(message, ""));
  }
}

// RFC 8410, section 10.1 and 10.3: the public and the private key in PEM.
TEST(SignatureTest, ReadsThePublishedPemFiles) {
  const TemporaryFolder folder;
  const std::string private_path = folder / "key";
  CreateFileAtomically(
      private_path,
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
      "-----END PRIVATE KEY-----\n",
      0600);
  const std::string public_text =
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
      "-----END PUBLIC KEY-----\n";
  const SigningKey key = SigningKey::Read(private_path);
  EXPECT_EQ(key.public_key().pem(), public_text);
  EXPECT_EQ(PublicKey::FromPem(public_text, ""), key.public_key());
  // printf %s MCow... | base64 -d | sha256sum
  EXPECT_EQ(key.public_key().id(),
            "a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f");
}

TEST(SignatureTest, KeyFilesComeBackAndAreNeverOverwritten) {
  const TemporaryFolder folder;
  const std::string path = folder / "keys/signing.key";
  const SigningKey key = SigningKey::Generate();
  key.WriteNew(path);
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(SigningKey::Read(path).Sign("x"), key.Sign("x"));
  EXPECT_EQ(PublicKey::Read(path + ".pub"), key.public_key());
  EXPECT_FALSE(SigningKey::Generate().public_key() == key.public_key());

  const std::string text = ReadFile(path);
  EXPECT_THAT(ErrorOf([&] { SigningKey::Generate().WriteNew(path); }),
              HasSubstr("exists; it is not overwritten"));
  std::filesystem::remove(path);
  EXPECT_THAT(ErrorOf([&] { SigningKey::Generate().WriteNew(path); }),
              HasSubstr("signing.key.pub exists"));
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(PublicKey::Read(path + ".pub"), key.public_key());
}

TEST(SignatureTest, WrongFilesSayWhatTheyAre) {
  const TemporaryFolder folder;
  const SigningKey key = SigningKey::FromSeed(std::string(32, 'k'));
  const std::string path = folder / "key";
  key.WriteNew(path);
  EXPECT_THAT(ErrorOf([&] { PublicKey::Read(path); }),
              HasSubstr("but a private key; the public one is beside it"));
  chmod((path + ".pub").c_str(), 0600);
  EXPECT_THAT(ErrorOf([&] { SigningKey::Read(path + ".pub"); }),
              HasSubstr("but a public key"));
  EXPECT_THAT(ErrorOf([&] { SigningKey::Read(folder / "none"); }),
              HasSubstr("none: No such file"));
  chmod(path.c_str(), 0640);
  EXPECT_THAT(ErrorOf([&] { SigningKey::Read(path); }),
              HasSubstr("(mode 640); make it yours alone: chmod 600"));
  // An X25519 key (RFC 8410: 1.3.101.110), a cut one, and none.
  for (const char* text :
       {"-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VuAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
        "-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9E\n"
        "-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\n", "", "ssh-ed25519 AAAA me"}) {
    EXPECT_THAT(ErrorOf([&] { PublicKey::FromPem(text, "KEY.pub"); }),
                HasSubstr("KEY.pub: not an Ed25519 public key in PEM"));
  }
}

TEST(Base64Test, BothAlphabetsWithAndWithoutPadding) {
  // RFC 4648, section 10.
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(ToBase64(bytes), text);
    EXPECT_EQ(FromBase64(text), bytes);
  }
  EXPECT_EQ(FromBase64("-_8="), "\xfb\xff");
  EXPECT_EQ(FromBase64("+/8="), "\xfb\xff");
  EXPECT_EQ(FromBase64("-_8"), "\xfb\xff");
  for (const char* text : {"Z", "Zg=", "Zm9v!", "Zm 9v", "=", "+_8="}) {
    EXPECT_FALSE(FromBase64(text)) << text;
  }
}

}  // namespace
}  // namespace airlock
