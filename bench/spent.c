/*
 * Runs a command and reports its CPU time and memory, including child processes that it waited for.
 *
 *     spent FILE COMMAND [ARGUMENT...]     writes "status=S user_us=T system_us=T memory_kb=M" into FILE
 *
 * This program is small because the kernel includes the memory of the parent in the peak memory of a child. A program that
 * Python starts would never show less memory than Python. The time of the start itself (fork and exec) is included.
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
