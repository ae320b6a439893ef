// Puts an object and lists the bucket; everything about credentials comes from the pod's environment.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	ctx := context.Background()
	bucket, key := os.Getenv("BUCKET"), os.Getenv("KEY")
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	client := s3.NewFromConfig(cfg)
	_, err = client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String(key), Body: strings.NewReader("put by Go"),
	})
	if err != nil {
		log.Fatal(err)
	}
	found, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	if err != nil {
		log.Fatal(err)
	}
	keys := []string{}
	for _, item := range found.Contents {
		keys = append(keys, aws.ToString(item.Key))
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"keys": keys}); err != nil {
		log.Fatal(err)
	}
}
