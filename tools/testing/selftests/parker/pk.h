/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pk: what the shell tests of Parker need and a shell cannot do.
 */
#ifndef PK_H
#define PK_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define PK_OK		0
#define PK_WRONG	1	/* Something else happened than was wanted. */
#define PK_USAGE	2

int pk_write(int argc, char **argv);
int pk_mkdir(int argc, char **argv);
int pk_rmdir(int argc, char **argv);
int pk_mount(int argc, char **argv);
int pk_as(int argc, char **argv);
int pk_userns(int argc, char **argv);
int pk_uncap(int argc, char **argv);
int pk_lack(int argc, char **argv);
int pk_poll(int argc, char **argv);
int pk_until(int argc, char **argv);
int pk_load(int argc, char **argv);
int pk_unload(int argc, char **argv);
int pk_kexec(int argc, char **argv);
int pk_declare(int argc, char **argv);
int pk_stall(int argc, char **argv);
int pk_zero(int argc, char **argv);
int pk_find(int argc, char **argv);
int pk_same(int argc, char **argv);
int pk_storm(int argc, char **argv);
int pk_spin(int argc, char **argv);
int pk_gap(int argc, char **argv);
int pk_hog(int argc, char **argv);
int pk_deadline(int argc, char **argv);
int pk_nth(int argc, char **argv);
int pk_nfs(int argc, char **argv);
int pk_dma(int argc, char **argv);
int pk_msi(int argc, char **argv);
int pk_guard(int argc, char **argv);
int pk_bench(int argc, char **argv);
int pk_count(int argc, char **argv);
int pk_program(int argc, char **argv);
int pk_first(int argc, char **argv);
int pk_ioperm(int argc, char **argv);
int pk_iopl(int argc, char **argv);
int pk_open(int argc, char **argv);
int pk_send(int argc, char **argv);
int pk_msr(int argc, char **argv);
int pk_msrs(int argc, char **argv);
int pk_tsc(int argc, char **argv);
int pk_mark(int argc, char **argv);
int pk_tricks(int argc, char **argv);

int pk_run(int argc, char **argv);
const char *pk_errno_name(int err);
int pk_expect(const char *what, const char *object, int err, const char *wanted);
long long pk_now_usec(void);
int pk_drop_to(const char *uid);
int pk_parse_cpus(const char *list, cpu_set_t *cpus);
void pk_pin(int cpu);

/* Lines of "START-END ..." in hexadecimal, END being the last byte. */
struct pk_range {
	unsigned long long start;
	unsigned long long end;
};

int pk_read_ranges(const char *path, const char *word, int numbers,
		   struct pk_range *ranges, int max);

/* Around the system call that a command is about. */
void pk_begin(void);
void pk_end(void);

#endif /* PK_H */
