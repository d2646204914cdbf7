#!/bin/sh
# Writes what compose.gpu.yml needs, with secrets of its own: sh deploy/make-env.sh > .env
set -eu
secret() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
code() { head -c 512 /dev/urandom | LC_ALL=C tr -dc 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789' | head -c 10; }

umask 077
cat <<ENV
# The port on which the gallery is served, and its address (0.0.0.0: everywhere).
PORT=2283
HOST=0.0.0.0
# The first sign-up, which makes the administrator, asks for this.
SIGNUP_CODE=$(code)$(code)
# Addresses or networks of reverse proxies whose X-Forwarded-* headers count, comma-separated.
TRUSTED_PROXIES=
# Where browsers reach the store directly; empty: through the gallery's own port.
S3_PUBLIC_URL=
LOG_LEVEL=info
# What comes into this folder goes up, and stays there. For whom: an email address; empty: the first administrator.
WATCH_FOLDER=./watch
WATCH_USER=
EDGE_PROCESSES=2
MEDIA_CONCURRENCY=2
# Models for search by words and for faces come from here, once an administrator has agreed; empty: from nowhere.
MODEL_HUB_URL=https://huggingface.co
# Threads that compute with them.
GPU_CONCURRENCY=1

POSTGRES_PASSWORD=$(secret)
APP_DATABASE_PASSWORD=$(secret)
VALKEY_PASSWORD=$(secret)
S3_ACCESS_KEY_ID=tintype
S3_SECRET_ACCESS_KEY=$(secret)
GATEWAY_SECRET=$(secret)
DISPATCHER_SECRET=$(secret)
MEDIA_SECRET=$(secret)
GPU_SECRET=$(secret)
HUB_SECRET=$(secret)
STORE_EVENTS_SECRET=$(secret)
ENV
