threads 4, 4
bind 'tcp://127.0.0.1:@HTTP_PORT@'
bind 'ssl://127.0.0.1:@HTTPS_PORT@?cert=@CERT@&key=@KEY@&verify_mode=none'
rackup '@DIR@/config.ru'
