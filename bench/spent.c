/*
 * Runs a command and tells what it took, with all that it started and waited for.
 *
 *     spent FILE COMMAND [ARGUMENT...]     writes "status=S user_us=T system_us=T memory_kb=M" into FILE
 *
 * Small on purpose: the kernel counts the memory of whoever starts a program towards that of the program, so that one
 * started by a Python would never have taken less than the Python. The time of the start itself (fork and exec) counts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;
	pid_t child;
	FILE *file;

	if (argc < 3) {
		fputs("usage: spent FILE COMMAND [ARGUMENT...]\n", stderr);
		return 64;
	}
	child = fork();
	if (child == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
		perror("spent");
		return 1;
	}
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	file = fopen(argv[1], "we");
	if (!file) {
		perror(argv[1]);
		return 1;
	}
	fprintf(file, "status=%d user_us=%ld system_us=%ld memory_kb=%ld\n", status,
		usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec,
		usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec, usage.ru_maxrss);
	return fclose(file) == 0 ? 0 : 1;
}
