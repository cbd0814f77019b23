"""Bad input of every kind that people, disks and strangers give a program, made by functions, told apart by kind."""
