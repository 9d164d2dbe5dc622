# SPDX-License-Identifier: GPL-2.0
#
# A static program for the guests, $(PROGRAM), of all C files of its folder and of
# tests/lib; the folder's Makefile includes this.
#
#	make -C tests/FOLDER [O=<output folder>]

O		?= ../../build/$(notdir $(CURDIR))
CC		?= gcc
LIB		:= ../lib
UAPI		:= ../../include/uapi
SOURCES		:= $(sort $(wildcard *.c)) $(sort $(wildcard $(LIB)/*.c))
HEADERS		:= $(wildcard *.h $(LIB)/*.h) $(UAPI)/linux/kvm_eventfd.h

CFLAGS		?= -O2 -g
override CFLAGS	+= -std=gnu11 -Wall -Wextra -D_GNU_SOURCE -I$(LIB) -I$(UAPI)

$(O)/$(PROGRAM): $(SOURCES) $(HEADERS)
	mkdir -p $(O)
	$(CC) $(CFLAGS) -static -pthread -o $@ $(SOURCES) $(LDLIBS)

clean:
	$(RM) $(O)/$(PROGRAM)

.PHONY: clean
