#include "common/web/tls.h"

#include <arpa/inet.h>

#include <algorithm>

#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace stakewatch {
namespace {

std::unexpected<std::string> Failed(const std::string& what) {
  const unsigned long error = ERR_get_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  // What is left would be taken for the error of a later call.
  ERR_clear_error();
  return std::unexpected(what + (reason == nullptr ? "" : std::string(": ") + reason));
}

// Without it OpenSSL asks the terminal for the pass phrase of an encrypted key.
int NoPassPhrase(char* /*to*/, int /*size*/, int /*writing*/, void* /*unused*/) {
  return -1;
}

// Of the suites that Go names; TLS 1.3 has a list of its own.
struct Suites {
  std::string tls12, tls13;
};

Suites SuitesOf(const std::vector<std::string>& standard_names) {
  Suites suites;
  for (const std::string& name : standard_names) {
    std::string& list = name.find("_WITH_") == std::string::npos ? suites.tls13 : suites.tls12;
    if (!list.empty()) list += ':';
    list += &list == &suites.tls13 ? name : OPENSSL_cipher_name(name.c_str());
  }
  return suites;
}

std::string TextOf(const GENERAL_NAME& name) {
  if (name.type == GEN_DNS || name.type == GEN_EMAIL || name.type == GEN_URI) {
    const ASN1_IA5STRING* text = name.d.ia5;
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
  }
  if (name.type == GEN_IPADD) {
    const int length = ASN1_STRING_length(name.d.ip);
    char text[INET6_ADDRSTRLEN] = "";
    if (length == 4 || length == 16) {
      inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name.d.ip), text,
                sizeof text);
    }
    return text;
  }
  return {};
}

bool HasOneOf(const X509* certificate, const std::vector<std::string>& allowed) {
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const std::string text = TextOf(*sk_GENERAL_NAME_value(names.get(), i));
    if (!text.empty() && std::ranges::find(allowed, text) != allowed.end()) return true;
  }
  return false;
}

int AcceptAnyChain(X509_STORE_CTX* /*store*/, void* /*unused*/) {
  return 1;
}

}  // namespace

Checked<std::shared_ptr<const TlsContext>> TlsContext::Make(const WebTlsConfig& config) {
  ERR_clear_error();
  std::shared_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_server_method())));
  if (!made->context_) return Failed("TLS cannot be set up");
  for (const auto step :
       {&TlsContext::Restrict, &TlsContext::LoadFiles, &TlsContext::AskForClientCertificates}) {
    if (auto done = ((*made).*step)(config); !done) return std::unexpected(done.error());
  }
  return made;
}

Checked<void> TlsContext::Restrict(const WebTlsConfig& config) {
  SSL_CTX* const context = context_.get();
  const auto number = [](TlsVersion version) {
    return version == TlsVersion::k12 ? TLS1_2_VERSION : TLS1_3_VERSION;
  };
  SSL_CTX_set_min_proto_version(context, number(config.min_version));
  SSL_CTX_set_max_proto_version(context, number(config.max_version));
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  if (config.prefer_server_cipher_suites) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  }
  // A resumed session would outlive the configuration that let it in, and no scraper resumes.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  const Suites suites = SuitesOf(config.cipher_suites);
  if (!suites.tls12.empty() && SSL_CTX_set_cipher_list(context, suites.tls12.c_str()) != 1) {
    return Failed("tls_server_config.cipher_suites is refused by OpenSSL");
  }
  if (!suites.tls13.empty() && SSL_CTX_set_ciphersuites(context, suites.tls13.c_str()) != 1) {
    return Failed("tls_server_config.cipher_suites is refused by OpenSSL");
  }
  std::string curves;
  for (const std::string& curve : config.curves) curves += (curves.empty() ? "" : ":") + curve;
  if (!curves.empty() && SSL_CTX_set1_groups_list(context, curves.c_str()) != 1) {
    return Failed("tls_server_config.curve_preferences has a curve that this OpenSSL lacks");
  }
  return {};
}

Checked<void> TlsContext::LoadFiles(const WebTlsConfig& config) {
  SSL_CTX* const context = context_.get();
  if (const auto why = WhyNotSecret(config.key_file)) {
    return std::unexpected("tls_server_config.key_file: " + *why);
  }
  if (SSL_CTX_use_certificate_chain_file(context, config.cert_file.c_str()) != 1) {
    return Failed("tls_server_config.cert_file: " + config.cert_file +
                  " holds no certificate in PEM that can be used");
  }
  SSL_CTX_set_default_passwd_cb(context, &NoPassPhrase);
  if (SSL_CTX_use_PrivateKey_file(context, config.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return Failed("tls_server_config.key_file: " + config.key_file +
                  " holds no unencrypted private key in PEM that belongs to the certificate");
  }
  return {};
}

Checked<void> TlsContext::AskForClientCertificates(const WebTlsConfig& config) {
  SSL_CTX* const context = context_.get();
  if (config.client_auth == ClientAuth::kNone) return {};
  int mode = SSL_VERIFY_PEER;
  if (config.client_auth == ClientAuth::kRequireAny ||
      config.client_auth == ClientAuth::kRequireAndVerify) {
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  SSL_CTX_set_verify(context, mode, nullptr);
  if (!config.client_ca_file.empty()) {
    const char* const file = config.client_ca_file.c_str();
    STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(file);
    if (names == nullptr || SSL_CTX_load_verify_locations(context, file, nullptr) != 1) {
      sk_X509_NAME_pop_free(names, &X509_NAME_free);
      return Failed("tls_server_config.client_ca_file: " + config.client_ca_file +
                    " holds no certificates in PEM");
    }
    SSL_CTX_set_client_CA_list(context, names);  // Owns them from here on.
  }
  const bool verifies = config.client_auth == ClientAuth::kVerifyIfGiven ||
                        config.client_auth == ClientAuth::kRequireAndVerify;
  allowed_sans_ = config.client_allowed_sans;
  SSL_CTX_set_cert_verify_callback(context, verifies ? &VerifyChain : &AcceptAnyChain, this);
  return {};
}

int TlsContext::VerifyChain(X509_STORE_CTX* store, void* self) {
  const int ok = X509_verify_cert(store);
  if (ok != 1) return ok;
  const auto& allowed = static_cast<const TlsContext*>(self)->allowed_sans_;
  if (allowed.empty() || HasOneOf(X509_STORE_CTX_get0_cert(store), allowed)) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

std::unique_ptr<SSL, void (*)(SSL*)> TlsContext::Accept(int fd) const {
  std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context_.get()), &SSL_free);
  if (ssl && SSL_set_fd(ssl.get(), fd) == 1) {
    SSL_set_accept_state(ssl.get());
  } else {
    ssl.reset();
  }
  return ssl;
}

}  // namespace stakewatch
