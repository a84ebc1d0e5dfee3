// SocketBio: how OpenSSL reaches the socket. Its own socket BIO uses write(), which raises SIGPIPE
// when the peer is gone; and it would let one SSL_read() run for as long as a peer feeds it records
// without data, so each step gets a number of recv() calls and then has to wait like everybody.
#pragma once

#include <openssl/bio.h>

namespace sekisho {

class TlsChannel;

struct SocketBio {
  // Null when out of memory. `channel` must outlive it.
  static BIO* create(TlsChannel& channel);

 private:
  static int write(BIO* bio, const char* bytes, int size);
  static int read(BIO* bio, char* into, int size);
  static long control(BIO* bio, int command, long number, void* pointer);
};

}  // namespace sekisho
