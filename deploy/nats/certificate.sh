#!/bin/sh
# Makes the certificate of a NATS server, and an authority for it whose key is not kept:
#   sh certificate.sh DIRECTORY NAME...   writes ca.pem, certificate.pem and key.pem for these names and addresses
# Files that last for another 30 days, for the same names, are left alone. Others are replaced as a whole: restart NATS and the services then.
set -eu
directory=$1
shift
names=
for name; do
    case $name in
    *:* | *[!0-9.]*) kind=DNS ;;
    *) kind=IP ;;
    esac
    case $name in *:*) kind=IP ;; esac
    names="${names:+$names,}$kind:$name"
done

kept=$(cat "$directory/names" 2>/dev/null || true)
if [ "$kept" = "$names" ] && openssl x509 -checkend 2592000 -noout -in "$directory/certificate.pem" >/dev/null; then
    exit 0
fi

# Only this user reads the keys. The names come last: without them, the next start begins again.
umask 077
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
rm -f "$directory/names"
openssl ecparam -name prime256v1 -genkey -noout -out "$made/ca-key.pem"
openssl req -x509 -new -key "$made/ca-key.pem" -sha256 -days 3650 -subj "/CN=Hubbub bus" -out "$made/ca.pem" \
    -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign"
openssl ecparam -name prime256v1 -genkey -noout -out "$made/key.pem"
openssl req -new -key "$made/key.pem" -subj "/CN=NATS" -out "$made/request.pem"
cat >"$made/extensions" <<EOF
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=$names
authorityKeyIdentifier=keyid
EOF
openssl x509 -req -in "$made/request.pem" -CA "$made/ca.pem" -CAkey "$made/ca-key.pem" -set_serial "0x$(openssl rand -hex 16)" \
    -sha256 -days 3650 -extfile "$made/extensions" -out "$made/certificate.pem"
cp "$made/key.pem" "$made/certificate.pem" "$made/ca.pem" "$directory/"
chmod 644 "$directory/ca.pem" "$directory/certificate.pem"
printf %s "$names" >"$directory/names"
echo "made the certificate of the bus for $names"
