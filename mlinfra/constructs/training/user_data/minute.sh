# Tasks that run every minute.

start_minute_timer() {
  systemctl daemon-reload
  systemctl enable --now mlinfra-minute.timer
}
