# The agent as an image for linux/amd64: docker build -t connection-agent --build-arg REVISION="$(git rev-parse HEAD)" .
#
# BuildKit and the legacy builder both understand it. A machine that reaches no registry publishes the program first and names images of its own; the
# one to build in then needs a shell and nothing else:
#
#     dotnet publish src/Agent -c Release -r linux-x64
#     docker build -t connection-agent --build-arg PROGRAM=published --build-arg BUILD_IMAGE=… --build-arg RUNTIME_IMAGE=… .
# The SDK with a C compiler, which links the program; made on the system that the other one is of, so that it fits its C library.
ARG BUILD_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble-aot
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled

# One stage for both origins of the program: the legacy builder makes every stage, also one that nothing needs.
FROM ${BUILD_IMAGE} AS program
LABEL connection-agent.stage=program
# source: publish it here; published: take what was published outside.
ARG PROGRAM=source
ARG REVISION=
WORKDIR /build
COPY . .
# Moved to one place, beside the directory that a stage without a shell cannot make.
RUN file=src/Agent/bin/Release/net10.0/linux-x64/publish/agent; \
    case "$PROGRAM" in \
        source) dotnet publish src/Agent -c Release -r linux-x64 -p:SourceRevisionId="$REVISION" ;; \
        published) [ -x "$file" ] || { echo "there is no $file: dotnet publish src/Agent -c Release -r linux-x64" >&2; false; } ;; \
        *) echo "PROGRAM is '$PROGRAM', and must be source or published" >&2; false ;; \
    esac && mv "$file" /agent && mkdir /textfile

FROM ${RUNTIME_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="connection agent" \
      org.opencontainers.image.description="Counts TCP connections per client through sock_diag, for Prometheus and people" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

COPY --from=program /agent /usr/local/bin/agent
# A volume that is empty takes its owner from here.
COPY --from=program --chown=1654:1654 /textfile /tmp/node-exporter
VOLUME /tmp/node-exporter

# For the bars of a table that somebody asks for with "docker exec".
ENV LANG=C.UTF-8
# The debugging pipes of a program with the runtime in it would lie in /tmp, which may be read-only.
ENV DOTNET_EnableDiagnostics=0
# The user app of the chiseled images, as a number: Kubernetes cannot tell of a name that it is not root.
USER 1654:1654
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/usr/local/bin/agent", "health"]
ENTRYPOINT ["/usr/local/bin/agent"]
