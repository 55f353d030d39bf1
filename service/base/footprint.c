/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/footprint.h"

#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Only segments that were never writable: their pages are the file's own. A segment that was made
 * read-only after relocation (RELRO) is a writable one in the program header, and dropping its
 * pages would undo the relocation. */
static int drop_segments(struct dl_phdr_info *info, size_t size, void *userdata)
{
        uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);

        for (unsigned i = 0; i < info->dlpi_phnum; i++) {
                const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
                uintptr_t begin = info->dlpi_addr + segment->p_vaddr;
                uintptr_t end = begin + segment->p_filesz;

                if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
                        continue;
                begin &= ~(page - 1);
                (void) madvise((void *) begin, end - begin, MADV_DONTNEED);
        }
        return 0;
}

void footprint_shrink(void)
{
        (void) malloc_trim(0);
        (void) dl_iterate_phdr(drop_segments, NULL);
}
