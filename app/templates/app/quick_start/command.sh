style-license order 1 castle sunset --count 2 --out out
