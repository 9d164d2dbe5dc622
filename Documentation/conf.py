# SPDX-License-Identifier: GPL-2.0
# Sphinx, with nothing beyond what Debian's python3-sphinx brings:
#   sphinx-build -W -b html Documentation build/docs
project = "kvm-eventfd"
copyright = "The kvm-eventfd authors"
master_doc = "index"
exclude_patterns = []
highlight_language = "none"
html_theme = "alabaster"
html_theme_options = {"page_width": "1100px", "sidebar_width": "240px"}
html_show_copyright = False
pygments_style = "sphinx"
