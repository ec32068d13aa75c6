/*
 * Measures the least that a count of TCP connections can cost (the floor). It sends the same request as the agent's
 * census, and reads only the headers of the replies. The rest of the cost of a census is the agent's own.
 *
 *     floor PORT|@FILE [one-pass|two-pass|no-headers|no-copy [TEXTFILE]]
 *
 * For each line "N" on standard input it takes N dumps and prints "count=N cpu_us=T memory_kb=M": sockets in the last
 * dump, CPU time of one dump, and peak resident memory. Port 0 means all ports. Instead of a port it accepts a file with
 * a whole request, which bench/CensusCost writes. Then the kernel runs the same filter for both programs.
 *
 *     one-pass    the floor
 *     two-pass    the request that ss, node_exporter and most others send, once for each IP version
 *     no-headers  one pass; receives the replies and does not read them: count=0
 *     no-copy     one pass; receives only the first header of each datagram: count=0
 *
 * With TEXTFILE it replaces a file after each dump, with the least number of system calls that the agent needs: create,
 * set the mode, one write, rename.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel makes no larger datagrams for a dump. The agent's buffer has the same size. */
#define BUFFER_LENGTH (32 * 1024)

/* The states of the census: src/Agent/Watching/Census.cs. */
#define STATES ((1 << TCP_ESTABLISHED) | (1 << TCP_CLOSE_WAIT) | (1 << TCP_LISTEN))

static _Alignas(struct nlmsghdr) char buffer[BUFFER_LENGTH];

/* The request from the file, if there is one. A filter has at most 64 KiB. */
static _Alignas(struct nlmsghdr) char given[68 * 1024];
static size_t given_length;

enum mode { ONE_PASS, TWO_PASS, NO_HEADERS, NO_COPY };
static const char *const modes[] = { "one-pass", "two-pass", "no-headers", "no-copy" };

static void fail(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void send_bytes(int fd, const void *bytes, size_t length)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (sendto(fd, bytes, length, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		fail("sendto");
}

static void send_request(int fd, struct nlmsghdr *header, size_t length, int type)
{
	header->nlmsg_len = length;
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	send_bytes(fd, header, length);
}

static void ask_once(int fd, unsigned short port)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req request;
	} message;

	if (given_length > 0) {
		send_bytes(fd, given, given_length);
		return;
	}
	memset(&message, 0, sizeof(message));
	message.request.id.idiag_sport = htons(port);
	message.request.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	message.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	message.request.idiag_states = STATES;
	send_request(fd, &message.header, sizeof(message), TCPDIAG_GETSOCK);
}

static void ask_for_family(int fd, unsigned short port, int family)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} message;

	memset(&message, 0, sizeof(message));
	message.request.sdiag_family = family;
	message.request.sdiag_protocol = IPPROTO_TCP;
	message.request.id.idiag_sport = htons(port);
	message.request.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	message.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	message.request.idiag_states = STATES;
	send_request(fd, &message.header, sizeof(message), SOCK_DIAG_BY_FAMILY);
}

static void fail_if_error(const struct nlmsghdr *message)
{
	if (message->nlmsg_type == NLMSG_ERROR) {
		errno = -((const struct nlmsgerr *)NLMSG_DATA(message))->error;
		fail("dump");
	}
}

static size_t receive(int fd, size_t most)
{
	ssize_t length = recv(fd, buffer, most, MSG_TRUNC);

	if (length < 0)
		fail("recv");
	if ((size_t)length > sizeof(buffer)) {
		errno = EMSGSIZE;
		fail("recv");
	}
	return length;
}

static long count_headers(int fd)
{
	long count = 0;

	for (;;) {
		size_t length = receive(fd, sizeof(buffer));

		for (struct nlmsghdr *message = (struct nlmsghdr *)buffer; NLMSG_OK(message, length);
		     message = NLMSG_NEXT(message, length)) {
			if (message->nlmsg_type == NLMSG_DONE)
				return count;
			fail_if_error(message);
			count++;
		}
	}
}

/* NLMSG_DONE of a TCP dump comes in its own datagram: the kernel sends it when no more sockets are left to send. */
static void receive_all(int fd, size_t most)
{
	const struct nlmsghdr *first = (const struct nlmsghdr *)buffer;

	do {
		receive(fd, most);
		fail_if_error(first);
	} while (first->nlmsg_type != NLMSG_DONE);
}

static long dump(int fd, unsigned short port, enum mode mode)
{
	long count;

	if (mode == TWO_PASS) {
		ask_for_family(fd, port, AF_INET);
		count = count_headers(fd);
		ask_for_family(fd, port, AF_INET6);
		return count + count_headers(fd);
	}
	ask_once(fd, port);
	if (mode == ONE_PASS)
		return count_headers(fd);
	receive_all(fd, mode == NO_COPY ? sizeof(struct nlmsghdr) : sizeof(buffer));
	return 0;
}

static void replace_textfile(const char *name)
{
	/* As long as the agent's textfile of one watch with ten clients. */
	static const char text[3100];
	char temporary[4096];
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.tmp", name);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 || fchmod(fd, 0644) < 0 || write(fd, text, sizeof(text)) < 0 || close(fd) < 0 || rename(temporary, name) < 0)
		fail(name);
}

static struct rusage usage(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) < 0)
		fail("getrusage");
	return usage;
}

static long cpu_microseconds(void)
{
	struct rusage now = usage();

	return (now.ru_utime.tv_sec + now.ru_stime.tv_sec) * 1000000 + now.ru_utime.tv_usec + now.ru_stime.tv_usec;
}

static void read_request(const char *name)
{
	FILE *file = fopen(name, "rb");

	if (!file)
		fail(name);
	given_length = fread(given, 1, sizeof(given), file);
	if (given_length < sizeof(struct nlmsghdr) || given_length == sizeof(given)) {
		errno = EINVAL;
		fail(name);
	}
	fclose(file);
}

static enum mode mode_of(const char *name)
{
	for (int mode = ONE_PASS; mode <= NO_COPY; mode++)
		if (strcmp(name, modes[mode]) == 0)
			return mode;
	fputs("usage: floor PORT|@FILE [one-pass|two-pass|no-headers|no-copy [TEXTFILE]]\n", stderr);
	exit(64);
}

int main(int argc, char **argv)
{
	enum mode mode = mode_of(argc == 3 || argc == 4 ? argv[2] : argc == 2 ? modes[ONE_PASS] : "");
	const char *textfile = argc == 4 ? argv[3] : NULL;
	unsigned short port = (unsigned short)atoi(argv[1]);
	char line[32];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		fail("socket");
	if (argv[1][0] == '@') {
		if (mode == TWO_PASS)
			mode_of("");
		read_request(argv[1] + 1);
	}
	/* One dump before the measured ones pays for page faults and the sockets' inodes. It also sets the size of the
	   kernel's datagrams, which depends on the largest buffer that this socket has received into. */
	dump(fd, port, mode == TWO_PASS ? TWO_PASS : ONE_PASS);
	while (fgets(line, sizeof(line), stdin)) {
		int dumps = atoi(line);
		long count = 0, begun = cpu_microseconds();

		for (int i = 0; i < dumps; i++) {
			count = dump(fd, port, mode);
			if (textfile)
				replace_textfile(textfile);
		}
		printf("count=%ld cpu_us=%.1f memory_kb=%ld\n", count, (double)(cpu_microseconds() - begun) / dumps,
		       usage().ru_maxrss);
		fflush(stdout);
	}
	return 0;
}
