# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# docker.io/library/nginx:1.22 from Debian's nginx-light. As root it serves on 80; as any other user run it with
# `-c /etc/nginx/unprivileged.conf`, then it serves on 8080.

d=$WORK/nginx-libs
libs "$d" /usr/sbin/nginx
settle "$d"
layer nginx-libs "$d"

d=$WORK/nginx
put "$d" /usr/sbin/nginx /etc/nginx/mime.types
mkdir -p "$d"/var/{lib/nginx,log/nginx,www/html} "$d/etc/nginx/conf.d" "$d/usr/share/nginx/modules"
echo 'hello from nginx' >"$d/var/www/html/index.html"
ln -s /dev/stdout "$d/var/log/nginx/access.log"
ln -s /dev/stderr "$d/var/log/nginx/error.log"
nginx_conf() {
	cat <<-END
		$1
		worker_processes 1;
		error_log /dev/stderr notice;
		pid $2/nginx.pid;
		events { worker_connections 512; }
		http {
			include /etc/nginx/mime.types;
			default_type application/octet-stream;
			access_log /dev/stdout;
			client_body_temp_path $2/body;
			proxy_temp_path $2/proxy;
			fastcgi_temp_path $2/fastcgi;
			uwsgi_temp_path $2/uwsgi;
			scgi_temp_path $2/scgi;
			include /etc/nginx/conf.d/*.conf;
			server {
				listen $3;
				root /var/www/html;
			}
		}
	END
}
nginx_conf 'user www-data;' /run 80 >"$d/etc/nginx/nginx.conf"
nginx_conf '' /tmp 8080 >"$d/etc/nginx/unprivileged.conf"
mkdir -p "$d/run"
settle "$d"
chown 33:33 "$d/var/lib/nginx"
layer nginx "$d"

image nginx docker.io/library/nginx:1.22 '{"Env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],"ExposedPorts":{"80/tcp":{}},
	"Cmd":["nginx","-g","daemon off;"],"StopSignal":"SIGQUIT"}' base tools nginx-libs nginx
