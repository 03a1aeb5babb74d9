# The entry point of the broker: lampposts by TLS as `lamplighter identity export` wrote it, and the services beside.
set -eu
place=/etc/mosquitto/lamplighter
mkdir -p $place
# Mosquitto reads its files after it has left root: it gets copies of its own
cp /lampposts/*.pem /lampposts/access /lampposts/lampposts.conf /services.acl /broker.key $place/
: >$place/passwords
mosquitto_passwd -b $place/passwords platform "$PLATFORM_PASSWORD"
mosquitto_passwd -b $place/passwords home-assistant "$HOME_ASSISTANT_PASSWORD"
[ -z "${TRIAL_PASSWORD:-}" ] || mosquitto_passwd -b $place/passwords trial "$TRIAL_PASSWORD"
cat /services.conf >>$place/lampposts.conf
chown -R mosquitto $place
chmod 600 $place/broker.key $place/access $place/passwords $place/services.acl
exec mosquitto -c $place/lampposts.conf
