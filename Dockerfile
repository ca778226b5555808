# tally in a container: the same build as scripts/quickstart makes. Packages come
# in the one layer that may use the network; the build itself has none.
#
#   docker build -t tally .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" -v tally-cache:/cache \
#     tally fetch manifests/images/minimal-cvm/manifest.yaml
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" -v tally-cache:/cache \
#     --network none \
#     tally build manifests/images/minimal-cvm/manifest.yaml -o out/minimal-cvm
#
# No Docker? tests/docker/prove_dockerfile.sh does these steps in plain chroots.

# The official Debian 12 image by digest. Public repositories that pin the same:
#   orhun/git-cliff, Dockerfile at 330dc21cb31b1708b4ce80108e2d444e6e847a92
#   esauflores/ml-toolkit, Dockerfile at 579631c727f598783718146b512be95ff61242dc
#   (there with the tag 12.12-slim)
FROM debian:bookworm-slim@sha256:d5d3f9c23164ea16f31852f95bd5959aad1c5e854332fe00f7b3a20fcc9f635c AS base

FROM base AS build
RUN --mount=type=bind,source=scripts,target=/tally/scripts /tally/scripts/setup build && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --network=none cmake --preset release && cmake --build --preset release --target tally
RUN --network=none install -D --strip build/release/tally /install/tally

FROM base
RUN --mount=type=bind,source=scripts,target=/tally/scripts /tally/scripts/setup run libraries && rm -rf /var/lib/apt/lists/*
COPY --from=build /install/tally /usr/local/bin/tally
RUN --network=none install -d -m 1777 /cache
ENV XDG_CACHE_HOME=/cache
WORKDIR /work
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/tally"]
