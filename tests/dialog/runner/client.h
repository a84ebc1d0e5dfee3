// Client: the dialog's side of a connection: blocking, plain or TLS, with a limit of ten seconds on
// each wait that only a failing test meets. Throws std::runtime_error with what went wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

namespace sekisho::dialog {

class Client {
 public:
  explicit Client(std::uint16_t port);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // What the peer no longer takes is not an error: its last words say why.
  void write(std::string_view bytes, bool one_by_one);
  // One line without its CRLF; a line that ends otherwise is an error.
  std::string read_line();
  // Waits for the end of the connection; what comes before it is an error.
  void expect_end();
  void start_tls();
  void close();       // in order: close_notify, FIN
  void half_close();  // FIN alone: goes on reading
  void abort();       // by a reset

 private:
  long receive(char* into, std::size_t size);
  bool fill();  // false: the connection has ended

  int fd_ = -1;
  SSL* ssl_ = nullptr;
  std::string in_;
};

}  // namespace sekisho::dialog
