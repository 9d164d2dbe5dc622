# SPDX-License-Identifier: GPL-2.0
#
# One plot from name.dat ("size kvm ours"), as SVG and as PNG.  tests/bench/run
# sets name and title.

set datafile missing "?"
set logscale xy
set grid
set key top left
set title title noenhanced
set xlabel "objects"
set ylabel "guest instructions"
set format y "%.0s%c"
set yrange [*<100:*]

set terminal svg size 720,450 font "sans,13" background "white"
set output name.".svg"
plot name.".dat" using 1:2 with linespoints lw 2 pt 7 ps 0.6 lc rgb "#c04020" title "kvm.ko 6.12", \
     name.".dat" using 1:3 with linespoints lw 2 pt 5 ps 0.6 lc rgb "#2060a0" title "kvm-eventfd"

set terminal pngcairo size 720,450 font "sans,11"
set output name.".png"
replot
