# SPDX-License-Identifier: MIT
"""What other libraries take, as published: measured elsewhere, on one machine (3 GHz Xeon), the best build of each,
the least of its runs. None of them splits leaves, does all or nothing, frees empty tables or keeps books for
shootdowns. In ns; `limit` is a hand-written loop or walk on that machine."""

SOURCE = "a 3 GHz Xeon; the best build of each, the least of its runs"
LIBRARIES = {
    "generic_pt": "Linux generic_pt 7.2",
    "io-pgtable-arm": "Linux io-pgtable-arm",
    "x86_64": "Rust x86_64 0.15",
    "multiarch": "Rust page_table_multiarch 0.6",
    "aarch64-paging": "Rust aarch64-paging 0.12",
}

US = 1000


def row(generic_pt=None, io_pgtable=None, x86_64=None, multiarch=None, aarch64=None, limit=None):
    return {"limit": limit, **dict(zip(LIBRARIES, (generic_pt, io_pgtable, x86_64, multiarch, aarch64)))}


# By the benchmark here that does the same.
PUBLISHED = {
    "map_1x4K": row(10.3, 23.6, 8.3, 8.5, 25, 3.1),
    "unmap_1x4K": row(28.9, 21.7, 3.6, 2.9, 25, 2.8),
    "map_256x4K": row(262, 374, 2770, 1800, 430, 60),
    "unmap_256x4K": row(212, 902, 763, 1245, 421, 52),
    "map_512x4K_kept": row(476, 705, limit=106),
    "map_512x4K_new": row(504, 735, limit=86),
    "unmap_512x4K_new": row(387, 29.6),
    "map_1G_as_4K": row(280 * US, 405 * US, 2940 * US, 1890 * US, 510 * US, 44 * US),
    "unmap_1G_as_4K": row(186 * US, 1.7 * US, 757 * US, 1163 * US, 7.2 * US),
    "map_1G_as_2M": row(583, 740, 3880, 3550, 1930, 86),
    "unmap_1G_as_2M": row(473, 1790, 1380, 2270, 360, 86),
    "map_64G_as_1G": row(78, 101, 316, 479, 297),
    "unmap_64G_as_1G": row(73, 255, 177, 376, 282),
    "translate_hot": row(11.7, 24, limit=10.4),
    "translate_sequential": row(4.9, 24, 4.1, 3.4, 24, 2.7),
    "translate_random": row(7.7, 26, 9.6, 7.0, 29, 4.7),
    "translate_random_dependent": row(18.7, None, 26, 14.5, 38, 17.6),
}

# io-pgtable-arm's unmap of 1 GiB takes 1.7 to 873 us, by what it was mapped with: the least is above.
