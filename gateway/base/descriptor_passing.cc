#include "gateway/base/descriptor_passing.h"

#include <cstring>

namespace sekisho {

void attach_descriptors(msghdr& header, std::span<char> control, std::span<const int> descriptors) {
  if (descriptors.empty()) return;
  header.msg_control = control.data();
  header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* const rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
}

void take_descriptors(msghdr& header, std::vector<Descriptor>& out) {
  for (cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr; one = CMSG_NXTHDR(&header, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    std::vector<int> files((one->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(files.data(), CMSG_DATA(one), files.size() * sizeof(int));
    for (const int fd : files) out.emplace_back(fd);
  }
}

}  // namespace sekisho
