# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What tests/qemu/kernel and tests/qemu/boot have to know of an architecture
# beside x86_64: how its kernel is built, and the machine that boots it. Sourced;
# holds no state but this table.
#
# name | ARCH of make | compiler's prefix | target and file of the kernel
machines() {
	cat <<-'END'
	x86_64 | x86_64 | | bzImage arch/x86/boot/bzImage
	i386 | i386 | i686-linux-gnu- | bzImage arch/x86/boot/bzImage
	arm64 | arm64 | aarch64-linux-gnu- | Image arch/arm64/boot/Image
	riscv64 | riscv | riscv64-linux-gnu- | Image arch/riscv/boot/Image
	s390x | s390 | s390x-linux-gnu- | bzImage arch/s390/boot/bzImage
	ppc64le | powerpc | powerpc64le-linux-gnu- | vmlinux vmlinux
	um | um | | linux linux
	END
}

# The kernels of tests/qemu/kernel whose name is none of these are for x86_64.
machine_of() {
	machines | grep "^$1 |" >/dev/null && echo "$1" || echo x86_64
}

# machine_field NAME N: column N of that machine's row.
machine_field() {
	machines | awk -F ' *[|] *' -v name="$1" -v n="$2" '$1 == name { print $n }'
}

machine_arch() {
	machine_field "$1" 2
}

machine_cross() {
	machine_field "$1" 3
}

machine_target() {
	local both

	both=$(machine_field "$1" 4)
	echo "${both% *}"
}

machine_image() {
	local both

	both=$(machine_field "$1" 4)
	echo "${both#* }"
}

# The console, and the device behind which the command's output and the verdict go.
machine_console() {
	case $1 in
	arm64) echo ttyAMA0 ;;
	s390x) echo ttysclp0 ;;
	ppc64le) echo hvc0 ;;
	um) echo tty0 ;;
	*) echo ttyS0 ;;
	esac
}

machine_out() {
	case $1 in
	arm64 | riscv64 | s390x) echo /dev/vport0p1 ;;
	ppc64le) echo /dev/hvc1 ;;
	*) echo /dev/ttyS1 ;;
	esac
}

# The program that runs the guest, one argument a line: its processor, its
# console in the file $2, its output in $2.out.
machine_qemu() {
	local log=$2 port=virtio-serial-device

	case $1 in
	i386)
		printf '%s\n' qemu-system-i386 -accel tcg -cpu max -serial "file:$log" \
			-serial "file:$log.out"
		return
		;;
	ppc64le)
		# The usual firmware wants the first console for itself. This one does not format
		# the NVRAM, which QEMU does for who has a variable there.
		printf '%s\n' qemu-system-ppc64 -accel tcg -cpu power9 -prom-env 'auto-boot?=true' \
			-M pseries,x-vof=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off \
			-serial "file:$log" -serial "file:$log.out"
		return
		;;
	arm64) printf '%s\n' qemu-system-aarch64 -M virt -cpu cortex-a57 ;;
	riscv64) printf '%s\n' qemu-system-riscv64 -M virt -cpu rv64 ;;
	s390x)
		printf '%s\n' qemu-system-s390x -M s390-ccw-virtio -cpu qemu
		port=virtio-serial-ccw
		;;
	esac
	printf '%s\n' -accel tcg -serial "file:$log" -device "$port" \
		-chardev "file,id=out,path=$log.out" -device virtserialport,chardev=out,name=out,nr=1
}
