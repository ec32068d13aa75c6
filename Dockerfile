# The agent as an image for linux/amd64: docker build -t connection-agent --build-arg REVISION="$(git rev-parse HEAD)" .
#
# BuildKit and the legacy builder both build it. On a machine that reaches no registry, publish the program first and name other images. The build
# image then needs only a shell:
#
#     dotnet publish src/Agent -c Release -r linux-x64
#     docker build -t connection-agent --build-arg PROGRAM=published --build-arg BUILD_IMAGE=… --build-arg RUNTIME_IMAGE=… .
# The SDK with a C compiler, which links the program. It is the same system as the runtime image, so that the C libraries match.
ARG BUILD_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble-aot
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled

# One stage for both origins of the program, because the legacy builder builds every stage, also an unused one.
FROM ${BUILD_IMAGE} AS program
LABEL connection-agent.stage=program
# source: publish the program here. published: take the program that was published outside.
ARG PROGRAM=source
ARG REVISION=
WORKDIR /build
COPY . .
# Also makes the textfile directory, which a stage without a shell cannot make.
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
# An empty volume takes its owner from here.
COPY --from=program --chown=1654:1654 /textfile /tmp/node-exporter
VOLUME /tmp/node-exporter

# For the bars of the table with "docker exec NAME agent --once".
ENV LANG=C.UTF-8
# A program that contains the .NET runtime would make debugging pipes in /tmp, which may be read-only.
ENV DOTNET_EnableDiagnostics=0
# The user app of the chiseled images, as a number: Kubernetes cannot check that a name is not root.
USER 1654:1654
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/usr/local/bin/agent", "health"]
ENTRYPOINT ["/usr/local/bin/agent"]
