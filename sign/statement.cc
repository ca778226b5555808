// Follows in-toto/attestation spec/v1/statement.md and resource_descriptor.md,
// and SLSA v1.0 provenance (https://slsa.dev/spec/v1.0/provenance).
#include "sign/statement.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "common/json.h"
#include "common/text.h"

namespace tally {
namespace {

Json SubjectJson(const Subject& subject) {
  Json::Object digest = {{"sha256", subject.sha256.hex()}};
  if (subject.sha384) digest["sha384"] = subject.sha384->hex();
  return Json::Object{{"digest", std::move(digest)}, {"name", subject.name}};
}

Json DependencyJson(const ResolvedDependency& dependency) {
  return Json::Object{
      {"digest", Json::Object{{"sha256", dependency.sha256.hex()}}},
      {"name", dependency.name},
      {"uri", dependency.uri}};
}

Json ParametersJson(const BuildParameters& parameters) {
  return Json::Object{
      {"architecture", parameters.architecture},
      {"formatEpoch", parameters.format_epoch},
      {"lockSha256", parameters.lock_sha256.hex()},
      {"manifestSha256", parameters.manifest_sha256.hex()},
      {"name", parameters.name},
      {"version", parameters.version},
  };
}

Json PredicateJson(const Provenance& provenance) {
  std::vector<ResolvedDependency> sorted = provenance.dependencies;
  std::ranges::sort(sorted, {}, [](const ResolvedDependency& dependency) {
    return std::tie(dependency.uri, dependency.name, dependency.sha256);
  });
  Json::Array dependencies;
  for (const ResolvedDependency& dependency : sorted) {
    dependencies.emplace_back(DependencyJson(dependency));
  }
  Json::Object run = {{"builder", Json::Object{{"id", provenance.builder_id}}}};
  if (!provenance.invocation_id.empty()) {
    run["metadata"] = Json::Object{{"invocationId", provenance.invocation_id}};
  }
  return Json::Object{
      {"buildDefinition",
       Json::Object{
           {"buildType", kImageBuildType},
           {"externalParameters", ParametersJson(provenance.parameters)},
           {"resolvedDependencies", std::move(dependencies)}}},
      {"runDetails", std::move(run)}};
}

// IsUri checks for a scheme and for characters that a URI cannot have (RFC 3986
// sections 2 and 3.1).
bool IsUri(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 ||
      colon + 1 == text.size()) {
    return false;
  }
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  const auto in_scheme = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
           c == '.';
  };
  return is_letter(text[0]) &&
         std::ranges::all_of(text.substr(0, colon), in_scheme) &&
         std::ranges::all_of(text, [](char c) {
           return c > ' ' && c < '\x7f' && c != '<' && c != '>' && c != '"';
         });
}

Status CheckTexts(const Provenance& provenance) {
  const BuildParameters& parameters = provenance.parameters;
  std::vector<std::string_view> texts = {parameters.name, parameters.version,
                                         parameters.architecture,
                                         provenance.invocation_id};
  for (const Subject& subject : provenance.subjects) {
    texts.push_back(subject.name);
  }
  for (const ResolvedDependency& dependency : provenance.dependencies) {
    texts.push_back(dependency.name);
    texts.push_back(dependency.uri);
  }
  for (const std::string_view text : texts) {
    if (!IsUtf8(text)) {
      return InputError("statement: text " + Quote(text) + " is not UTF-8");
    }
  }
  return Ok();
}

// CheckContents holds for what we write and for what we accept.
Status CheckContents(const Provenance& provenance) {
  if (provenance.subjects.empty()) return InputError("statement: no subject");
  std::set<std::string_view> names;
  for (const Subject& subject : provenance.subjects) {
    if (subject.name.empty()) {
      return InputError("statement: a subject has no name");
    }
    if (!names.insert(subject.name).second) {
      return InputError("statement: subject " + Quote(subject.name) +
                        " occurs twice");
    }
  }
  if (!IsUri(provenance.builder_id)) {
    return InputError("statement: found builder id " +
                      Quote(provenance.builder_id) + ", expected a URI");
  }
  return Ok();
}

// ParseDigest reads the digest `algorithm` of a digest set, strictly.
template <typename D>
Result<D> ParseDigest(const std::string& where, const Json& digests,
                      const std::string& algorithm) {
  const Json* value = digests.Find(algorithm);
  if (value == nullptr || value->text() == nullptr) {
    return InputError(where + ": no digest '" + algorithm + "'");
  }
  Result<D> digest = D::FromHex(*value->text());
  if (!digest) {
    return InputError(where + ": digest '" + algorithm +
                      "': " + digest.error().message());
  }
  return digest;
}

// IgnoreDescriptorFields passes over the fields of a ResourceDescriptor that
// say nothing about content.
void IgnoreDescriptorFields(JsonFields* fields) {
  fields->Ignore("annotations");
  fields->Ignore("content");
  fields->Ignore("downloadLocation");
  fields->Ignore("mediaType");
}

Result<Subject> ParseSubject(const Json& value) {
  JsonFields fields("statement: subject", value);
  Subject subject;
  subject.name = fields.Text("name");
  const Json& digests = fields.Object("digest");
  fields.Ignore("uri");
  IgnoreDescriptorFields(&fields);
  TALLY_TRY(fields.Finish());

  const std::string where = "statement: subject " + Quote(subject.name);
  TALLY_ASSIGN(subject.sha256,
               ParseDigest<Sha256Digest>(where, digests, "sha256"));
  if (digests.Find("sha384") != nullptr) {
    TALLY_ASSIGN(subject.sha384,
                 ParseDigest<Sha384Digest>(where, digests, "sha384"));
  }
  return subject;
}

Result<ResolvedDependency> ParseDependency(const Json& value) {
  JsonFields fields("statement: resolved dependency", value);
  ResolvedDependency dependency;
  dependency.name = fields.Text("name");
  dependency.uri = fields.Text("uri");
  const Json& digests = fields.Object("digest");
  IgnoreDescriptorFields(&fields);
  TALLY_TRY(fields.Finish());
  TALLY_ASSIGN(dependency.sha256,
               ParseDigest<Sha256Digest>(
                   "statement: resolved dependency " + Quote(dependency.name),
                   digests, "sha256"));
  return dependency;
}

Result<BuildParameters> ParseParameters(const Json& value) {
  const std::string where = "statement: externalParameters";
  JsonFields fields(where, value);
  BuildParameters parameters;
  parameters.architecture = fields.Text("architecture");
  parameters.format_epoch = fields.Unsigned("formatEpoch");
  fields.Text("lockSha256");
  fields.Text("manifestSha256");
  parameters.name = fields.Text("name");
  parameters.version = fields.Text("version");
  TALLY_TRY(fields.Finish());
  TALLY_ASSIGN(parameters.lock_sha256,
               ParseDigest<Sha256Digest>(where, value, "lockSha256"));
  TALLY_ASSIGN(parameters.manifest_sha256,
               ParseDigest<Sha256Digest>(where, value, "manifestSha256"));
  return parameters;
}

Status ParseDefinition(const Json& value, Provenance* provenance) {
  JsonFields fields("statement: buildDefinition", value);
  const std::string build_type = fields.Text("buildType");
  const Json& parameters = fields.Object("externalParameters");
  const Json::Array& dependencies = fields.Array("resolvedDependencies");
  // SLSA: for debugging, not to be verified.
  fields.Ignore("internalParameters");
  TALLY_TRY(fields.Finish());

  if (build_type != kImageBuildType) {
    return InputError("statement: found build type " + Quote(build_type) +
                      ", expected '" + std::string(kImageBuildType) + "'");
  }
  TALLY_ASSIGN(provenance->parameters, ParseParameters(parameters));
  for (const Json& item : dependencies) {
    TALLY_ASSIGN(ResolvedDependency dependency, ParseDependency(item));
    provenance->dependencies.push_back(std::move(dependency));
  }
  return Ok();
}

// TextMember returns a text member of an object whose other members are the
// builder's own business; empty if it is not there.
Result<std::string> TextMember(const Json& object, const std::string& key) {
  const Json* value = object.Find(key);
  if (value == nullptr) return std::string();
  if (value->text() == nullptr) {
    return InputError("statement: runDetails: field '" + key + "' is not text");
  }
  return *value->text();
}

Status ParseRun(const Json& value, Provenance* provenance) {
  const Json* builder = value.Find("builder");
  if (builder == nullptr) {
    return InputError(
        "statement: runDetails: field 'builder' is missing, "
        "expected an object");
  }
  TALLY_ASSIGN(provenance->builder_id, TextMember(*builder, "id"));
  if (const Json* metadata = value.Find("metadata")) {
    TALLY_ASSIGN(provenance->invocation_id,
                 TextMember(*metadata, "invocationId"));
  }
  return Ok();
}

Status ParsePredicate(const Json& value, Provenance* provenance) {
  JsonFields fields("statement: predicate", value);
  const Json& definition = fields.Object("buildDefinition");
  const Json& run = fields.Object("runDetails");
  TALLY_TRY(fields.Finish());
  TALLY_TRY(ParseDefinition(definition, provenance));
  return ParseRun(run, provenance);
}

Status CheckType(const std::string& field, const std::string& found,
                 std::string_view expected) {
  if (found == expected) return Ok();
  return InputError("statement: found " + field + " " + Quote(found) +
                    ", expected '" + std::string(expected) + "'");
}

// CheckSubject compares two subjects of one name.
Status CheckSubject(const Subject& stated, const Subject& expected) {
  const std::string what = "subject " + Quote(expected.name);
  if (stated.sha256 != expected.sha256) {
    return DigestMismatch(what, expected.sha256.hex(), stated.sha256.hex());
  }
  if (stated.sha384 && expected.sha384 && stated.sha384 != expected.sha384) {
    return DigestMismatch(what, expected.sha384->hex(), stated.sha384->hex());
  }
  return Ok();
}

}  // namespace

Result<std::string> FormatStatement(const Provenance& provenance) {
  TALLY_TRY(CheckTexts(provenance));
  TALLY_TRY(CheckContents(provenance));
  std::vector<Subject> sorted = provenance.subjects;
  std::ranges::sort(sorted, {}, &Subject::name);
  Json::Array subjects;
  for (const Subject& subject : sorted) {
    subjects.emplace_back(SubjectJson(subject));
  }
  return Json(Json::Object{{"_type", kStatementType},
                           {"predicate", PredicateJson(provenance)},
                           {"predicateType", kProvenanceType},
                           {"subject", std::move(subjects)}})
      .Canonical();
}

Result<Provenance> ParseStatement(std::string_view payload) {
  TALLY_ASSIGN(const Json value, ParseJson(payload));
  JsonFields fields("statement", value);
  const std::string type = fields.Text("_type");
  const std::string predicate_type = fields.Text("predicateType");
  const Json::Array& subjects = fields.Array("subject");
  const Json& predicate = fields.Object("predicate");
  TALLY_TRY(fields.Finish());
  TALLY_TRY(CheckType("type", type, kStatementType));
  TALLY_TRY(CheckType("predicate type", predicate_type, kProvenanceType));

  Provenance provenance;
  for (const Json& item : subjects) {
    TALLY_ASSIGN(Subject subject, ParseSubject(item));
    provenance.subjects.push_back(std::move(subject));
  }
  TALLY_TRY(ParsePredicate(predicate, &provenance));
  TALLY_TRY(CheckContents(provenance));
  return provenance;
}

Status CheckSubjects(const std::vector<Subject>& stated,
                     const std::vector<Subject>& expected) {
  std::vector<Subject> ours = expected;
  std::vector<Subject> theirs = stated;
  std::ranges::sort(ours, {}, &Subject::name);
  std::ranges::sort(theirs, {}, &Subject::name);
  for (size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
    const bool is_missing = i == theirs.size() ||
                            (i < ours.size() && ours[i].name < theirs[i].name);
    if (is_missing) {
      return MismatchError("subject " + Quote(ours[i].name) +
                           " is not in the statement");
    }
    if (i == ours.size() || theirs[i].name < ours[i].name) {
      return MismatchError("the statement has a subject " +
                           Quote(theirs[i].name) + " that is not expected");
    }
    TALLY_TRY(CheckSubject(theirs[i], ours[i]));
  }
  return Ok();
}

}  // namespace tally
