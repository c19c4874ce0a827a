// A limit on the size of files stands in for the end of the disk: write fails the same way.
#pragma once
#include <sys/resource.h>

#include <csignal>

struct SmallDisk {
    rlimit usual{};

    explicit SmallDisk(rlim_t most_bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &usual);
        const rlimit limit{most_bytes, usual.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~SmallDisk() { ::setrlimit(RLIMIT_FSIZE, &usual); }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
};
